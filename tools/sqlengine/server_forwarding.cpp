#include <phantomdb/server/forwarding.ipp>
