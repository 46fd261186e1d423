#include <phantomdb/sql/information_schema.ipp>
