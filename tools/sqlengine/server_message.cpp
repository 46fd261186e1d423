#include <phantomdb/server/message.ipp>
