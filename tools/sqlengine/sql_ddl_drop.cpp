#include <phantomdb/sql/ddl_drop.ipp>
