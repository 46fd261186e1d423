#include <phantomdb/sql/session_query.ipp>
