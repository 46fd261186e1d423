#include <phantomdb/cluster/transport.ipp>
