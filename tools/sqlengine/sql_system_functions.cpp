#include <phantomdb/sql/system_functions.ipp>
