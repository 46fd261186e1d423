#include <phantomdb/sql/session_utility.ipp>
