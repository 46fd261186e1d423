#include <phantomdb/sql/configuration.ipp>
