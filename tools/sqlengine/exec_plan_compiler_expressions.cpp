#include <phantomdb/exec/plan_compiler_expressions.ipp>
