// Instantiates the SQL parser.
#include <phantomdb/sql/parser.ipp>
