#include <phantomdb/cluster/image_exchange.ipp>
#include <phantomdb/cluster/replica.ipp>
