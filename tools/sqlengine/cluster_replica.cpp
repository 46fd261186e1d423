#include <phantomdb/cluster/replica.ipp>
#include <phantomdb/cluster/image_exchange.ipp>
