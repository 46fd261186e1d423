#include <phantomdb/exec/functions/json_build.ipp>
