#include <phantomdb/sql/system_catalog.ipp>
#include <phantomdb/sql/system_tables.ipp>
