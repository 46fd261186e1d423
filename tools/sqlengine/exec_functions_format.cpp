#include <phantomdb/exec/functions/format.ipp>
