#include <phantomdb/sql/maintenance.ipp>
