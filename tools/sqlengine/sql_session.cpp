#include <phantomdb/sql/session.ipp>
