#include <phantomdb/server/transport.ipp>
