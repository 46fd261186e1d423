#include <phantomdb/exec/functions/pattern.ipp>
