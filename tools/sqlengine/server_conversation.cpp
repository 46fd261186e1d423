#include <phantomdb/server/conversation.ipp>
