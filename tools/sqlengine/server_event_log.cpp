#include <phantomdb/server/event_log.ipp>
