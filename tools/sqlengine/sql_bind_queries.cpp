// Instantiates the part of the SQL binder that binds queries.
#include <phantomdb/sql/bind_from.ipp>
#include <phantomdb/sql/bind_function_scan.ipp>
#include <phantomdb/sql/bind_grouping.ipp>
#include <phantomdb/sql/bind_join.ipp>
#include <phantomdb/sql/bind_names.ipp>
#include <phantomdb/sql/bind_select.ipp>
#include <phantomdb/sql/bind_set.ipp>
#include <phantomdb/sql/bind_target.ipp>
#include <phantomdb/sql/bind_with.ipp>
