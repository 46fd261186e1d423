#include <phantomdb/sql/instance.ipp>
