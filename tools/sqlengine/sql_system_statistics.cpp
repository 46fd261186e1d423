#include <phantomdb/sql/system_statistics.ipp>
