#include <phantomdb/server/scram.ipp>
