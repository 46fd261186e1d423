#include <phantomdb/exec/functions/collecting_aggregates.ipp>
