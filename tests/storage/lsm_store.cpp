#include "lsm_harness.hpp"

#include <deque>
#include <memory>
#include <thread>

using namespace phantomdb;
using namespace phantomdb::storage;
using namespace phantomdb::test;

namespace {

/// The store as the laws want it: made without arguments, and busy with itself in between.
template <std::uint64_t WriteBuffer, std::uint64_t Cache>
class lawful {
public:
    using snapshot_type = memory_lsm::snapshot_type;
    using cursor_type = memory_lsm::cursor_type;

    lawful() : store_(*environment_, "store", tiny(WriteBuffer, Cache)) {}
    void apply(write_batch const& batch, lsn_type lsn) {
        store_.apply(batch, lsn);
        if (random_() % 3 == 0) store_.maintain();
        if (random_() % 40 == 0) store_.checkpoint();
    }
    lsn_type applied() const { return store_.applied(); }
    snapshot_type snapshot() const { return store_.snapshot(); }
    ~lawful() {
        store_.checkpoint();
        while (store_.maintain()) {
        }
        store_.verify({[](finding const& f) { FAIL(f.file << " at " << f.offset << ": " << f.what); }, {}});
        REQUIRE(store_.statistics().compactions > 0);
        REQUIRE(store_.statistics().old_version_bytes == 0);
    }

private:
    std::unique_ptr<memory_environment> environment_ = std::make_unique<memory_environment>();
    memory_lsm store_;
    std::mt19937_64 random_{42};
};

using lawful_store = lawful<256 * 1024, 1024 * 1024>;
using tiny_lawful_store = lawful<20 * 1024, 64 * 1024>;

}  // namespace

TEST_CASE("lsm_store agrees with a map over a million operations") {
    laws::agrees_with_a_map<lawful_store>(1, 1'000'000);
}

TEST_CASE("lsm_store agrees with a map where everything is tiny") {
    for (std::uint64_t seed = 2; seed < 6; ++seed) laws::agrees_with_a_map<tiny_lawful_store>(seed, 30'000);
}
