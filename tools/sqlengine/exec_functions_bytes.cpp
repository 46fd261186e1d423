#include <phantomdb/exec/functions/bytes.ipp>
