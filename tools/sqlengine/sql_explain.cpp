#include <phantomdb/sql/explain.ipp>
