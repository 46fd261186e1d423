#include <phantomdb/exec/functions/session.ipp>
