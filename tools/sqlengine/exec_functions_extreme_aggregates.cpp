#include <phantomdb/exec/functions/extreme_aggregates.ipp>
