#include <phantomdb/exec/functions/row_functions.ipp>
