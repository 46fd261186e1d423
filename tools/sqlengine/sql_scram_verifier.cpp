#include <phantomdb/sql/scram_verifier.ipp>
