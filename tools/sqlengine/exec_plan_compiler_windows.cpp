#include <phantomdb/exec/plan_compiler_windows.ipp>
