// Instantiates the part of the SQL binder that binds expressions.
#include <phantomdb/sql/bind_call.ipp>
#include <phantomdb/sql/bind_coerce.ipp>
#include <phantomdb/sql/bind_compare.ipp>
#include <phantomdb/sql/bind_expression.ipp>
#include <phantomdb/sql/bind_window.ipp>
