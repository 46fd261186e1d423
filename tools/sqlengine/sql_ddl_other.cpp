#include <phantomdb/sql/ddl_other.ipp>
#include <phantomdb/sql/ddl_role.ipp>
#include <phantomdb/sql/ddl_view.ipp>
