#include <phantomdb/exec/functions/numeric_math.ipp>
