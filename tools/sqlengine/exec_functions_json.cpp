#include <phantomdb/exec/functions/json.ipp>
