#include <phantomdb/exec/functions/numeric_aggregates.ipp>
