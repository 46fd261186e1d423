#include <phantomdb/exec/plan_compiler_changes.ipp>
