#include <phantomdb/exec/functions/system.ipp>
