#include <phantomdb/sql/cluster_tables.ipp>
#include <phantomdb/sql/transaction_outcome.ipp>
