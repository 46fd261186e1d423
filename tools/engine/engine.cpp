/// What programs that use the embedding API link: its declarations are in headers, the engine behind them is here.
#include <phantomdb/phantomdb.ipp>
