#include <phantomdb/sql/copy.ipp>
#include <phantomdb/sql/copy_format.ipp>
