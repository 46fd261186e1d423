/// @file Catch2 of either generation (2 on Debian 12, 3 on newer systems) under one face.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

#include <string>

namespace phantomdb::test {

/// Says that the running test case cannot be tried here and why. Called through `PHANTOMDB_SKIP`.
void note_skip(std::string const& reason);

/// A matcher for text that contains `part`.
inline auto contains(std::string const& part) {
#if __has_include(<catch2/catch_test_macros.hpp>)
    return Catch::Matchers::ContainsSubstring(part);
#else
    return Catch::Matchers::Contains(part);
#endif
}

}  // namespace phantomdb::test

/// Leaves a test case that needs what this machine does not have. Not for failures.
#define PHANTOMDB_SKIP(reason) \
    do { \
        ::phantomdb::test::note_skip(reason); \
        return; \
    } while (false)
