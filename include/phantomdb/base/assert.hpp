/// @file Defines the assertions for bugs. A user's error is no bug: throw `error` for it.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace phantomdb {

/// Reports a broken invariant and ends the process: going on could damage data.
[[noreturn]] inline void bug(char const* condition, char const* file, int line) noexcept {
    std::fprintf(stderr, "phantomdb: bug: '%s' does not hold (%s:%d)\n", condition, file, line);
    std::abort();
}

}  // namespace phantomdb

/// Checks an invariant in every build.
#define PHANTOMDB_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::phantomdb::bug(#condition, __FILE__, __LINE__))

/// Checks an invariant on a hot path: compiled away where NDEBUG is defined.
#ifdef NDEBUG
#define PHANTOMDB_HOT_ASSERT(condition) static_cast<void>(0)
#else
#define PHANTOMDB_HOT_ASSERT(condition) PHANTOMDB_ASSERT(condition)
#endif
