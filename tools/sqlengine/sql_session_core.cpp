#include <phantomdb/sql/session_core.ipp>
#include <phantomdb/sql/session_transaction.ipp>
