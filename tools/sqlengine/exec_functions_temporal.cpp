#include <phantomdb/exec/functions/temporal.ipp>
