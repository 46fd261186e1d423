/// @file Defines what the tests of `btree_store` share: checks of a whole store.
#pragma once

#include <phantomdb/storage/btree/btree_store.hpp>

#include "env/memory_environment.hpp"
#include "storage/persistent_stage.hpp"
#include "support/catch.hpp"

#include <vector>

namespace phantomdb::storage::laws {

using test::memory_environment;

/// What is wrong with the file of a store as of its last checkpoint.
template <class Store>
std::vector<finding> findings(Store const& store) {
    std::vector<finding> found;
    store.verify({[&](finding const& f) { found.push_back(f); }, {}});
    return found;
}
template <class Store>
void check_sound(Store const& store) {
    for (finding const& f : findings(store)) FAIL(f.file << " at " << f.offset << ": " << f.what);
}

}  // namespace phantomdb::storage::laws
