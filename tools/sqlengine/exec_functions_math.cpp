#include <phantomdb/exec/functions/math.ipp>
