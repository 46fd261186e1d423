#include <phantomdb/exec/functions/arithmetic.ipp>
