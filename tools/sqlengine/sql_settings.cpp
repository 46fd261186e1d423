#include <phantomdb/sql/settings.ipp>
#include <phantomdb/sql/source_text.ipp>
