// Instantiates the cache of simple queries: reading their constants, turning those into parameters, keeping the result.
#include <phantomdb/sql/literal_scan.ipp>
#include <phantomdb/sql/literal_slots.ipp>
#include <phantomdb/sql/statement_cache.ipp>
