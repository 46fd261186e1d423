#include <phantomdb/exec/functions/text.ipp>
