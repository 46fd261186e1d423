#include <phantomdb/exec/functions/kernel_tables.ipp>
