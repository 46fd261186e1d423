#include <phantomdb/value/named_time_zone.ipp>
