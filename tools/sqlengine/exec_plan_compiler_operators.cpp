#include <phantomdb/exec/plan_compiler_operators.ipp>
