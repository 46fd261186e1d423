#include <phantomdb/sql/ddl_builder.ipp>
#include <phantomdb/sql/ddl_rows.ipp>
#include <phantomdb/sql/ddl_table.ipp>
