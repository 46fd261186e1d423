#include <phantomdb/storage/btree/btree_store.hpp>

#include "btree_stage.hpp"
#include "ordered_store_laws.hpp"

using namespace phantomdb;
using namespace phantomdb::storage;
using laws::memory_environment;

namespace {

using store = btree_store<memory_environment>;
using small_paged_store = btree_store<memory_environment, 8192>;

static_assert(ordered_store<store> && persistent_store<store, memory_environment>);

store_options with_cache(std::uint64_t bytes) {
    store_options options;
    options.cache_bytes = bytes;
    return options;
}

}  // namespace

TEST_CASE("btree_store in memory agrees with a map") { laws::agrees_with_a_map<store>(1, 300'000); }

TEST_CASE("btree_store in a file agrees with a map over a million operations") {
    laws::persistent_stage<store, memory_environment> stage(memory_environment(), with_cache(64 << 20), 100, 500);
    laws::agrees_with_a_map(stage, 1, 1'000'000);
}

TEST_CASE("btree_store agrees with a map when the cache is far too small") {
    for (std::uint64_t seed = 2; seed < 5; ++seed) {
        laws::persistent_stage<store, memory_environment> stage(memory_environment(), with_cache(1 << 20), 10, 40);
        laws::agrees_with_a_map(stage, seed, 60'000);
    }
}

TEST_CASE("btree_store agrees with a map when each batch is a checkpoint, and when none is") {
    laws::persistent_stage<store, memory_environment> each(memory_environment(), with_cache(1 << 20), 1, 3);
    laws::agrees_with_a_map(each, 6, 10'000);
    laws::persistent_stage<store, memory_environment> none(memory_environment(), with_cache(1 << 20), 0, 0);
    laws::agrees_with_a_map(none, 7, 60'000);
}

TEST_CASE("btree_store shows whole batches to other threads") {
    laws::readers_see_whole_batches<store>(2000);
    memory_environment environment;
    store in_file(environment, "data", with_cache(1 << 20));
    laws::readers_see_whole_batches(in_file, 2000);
}
