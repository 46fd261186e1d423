#include <phantomdb/server/socket_transport.ipp>
