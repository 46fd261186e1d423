// Instantiates the part of the SQL binder that binds whole statements and changes of rows.
#include <phantomdb/sql/bind_change.ipp>
#include <phantomdb/sql/bind_insert.ipp>
#include <phantomdb/sql/bind_statement.ipp>
