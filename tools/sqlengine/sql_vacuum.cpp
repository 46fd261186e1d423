#include <phantomdb/sql/vacuum.ipp>
