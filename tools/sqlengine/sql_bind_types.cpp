// Instantiates the reading and writing of type names.
#include <phantomdb/sql/types.ipp>
