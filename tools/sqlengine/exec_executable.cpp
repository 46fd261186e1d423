#include <phantomdb/exec/executable.ipp>
