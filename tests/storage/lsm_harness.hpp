/// @file Defines what the tests of `lsm_store` share: small stores on a disk in memory, and a reference to compare with.
#pragma once

#include <phantomdb/storage/lsm/lsm_store.hpp>

#include "env/memory_environment.hpp"
#include "storage/ordered_store_laws.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>

namespace phantomdb::test {

using memory_lsm = storage::lsm_store<memory_environment>;
static_assert(storage::persistent_store<memory_lsm, memory_environment>);

/// So little memory that a few dozen entries are a run already.
inline storage::store_options tiny(std::uint64_t write_buffer = 24 * 1024, std::uint64_t cache = 256 * 1024) {
    storage::store_options options;
    options.write_buffer_bytes = write_buffer;
    options.cache_bytes = cache;
    return options;
}

inline void maintain_all(memory_lsm& store) {
    while (store.maintain()) {
    }
}

inline std::string numbered_key(std::uint64_t n) {
    std::string key(8, '\0');
    for (int i = 0; i < 8; ++i) key[static_cast<std::size_t>(7 - i)] = static_cast<char>(n >> (8 * i));
    return key;
}

/// Random batches applied to a store and to a map.
class twin {
public:
    explicit twin(std::uint64_t seed) : source(seed) {}

    storage::write_batch next(std::size_t most = 30) {
        storage::write_batch batch;
        ++lsn;
        for (std::size_t n = 1 + source.number(most); n > 0; --n) {
            std::string const key = source.key();
            std::uint64_t const dice = source.number(300);
            if (dice == 0) {
                std::string const to = source.key();
                batch.erase_span(key, to);
                if (key < to) expected.erase(expected.lower_bound(key), expected.lower_bound(to));
            } else if (dice < 90) {
                batch.erase(key);
                expected.erase(key);
            } else {
                std::string const value = source.value();
                batch.put(key, value);
                expected[key] = {value, lsn};
            }
        }
        return batch;
    }

    storage::laws::key_source source;
    storage::laws::reference expected;
    storage::lsn_type lsn = 0;
};

}  // namespace phantomdb::test
