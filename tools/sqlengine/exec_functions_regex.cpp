#include <phantomdb/exec/functions/regex.ipp>
