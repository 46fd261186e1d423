#include <phantomdb/server/connection.ipp>
