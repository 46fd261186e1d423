#include <phantomdb/server/wire_sink.ipp>
