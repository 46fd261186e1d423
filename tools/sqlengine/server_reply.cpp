#include <phantomdb/server/reply.ipp>
