/// @file Defines `slice`, a key with its value.
#pragma once

#include <string_view>

namespace phantomdb::storage {

/// A key with its value, borrowed from a cursor.
struct slice {
    std::string_view key, value;
};

}  // namespace phantomdb::storage
