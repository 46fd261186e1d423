#include <phantomdb/exec/functions/comparison.ipp>
