#include <phantomdb/sql/ddl_alter.ipp>
#include <phantomdb/sql/ddl_rename.ipp>
