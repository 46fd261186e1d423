#include <phantomdb/server/listener.ipp>
