#include <phantomdb/sql/ddl.ipp>
#include <phantomdb/sql/ddl_names.ipp>
