/// @file Defines `datum_keys`: keys of several SQL values, hashed and compared by value, kept in a `tuple_store`.
#pragma once

#include <phantomdb/exec/chunk.hpp>
#include <phantomdb/exec/group_table.hpp>
#include <phantomdb/value/compare.hpp>

#include <span>
#include <vector>

namespace phantomdb::exec {

/// A `group_table` policy for rows of values of known types. Nulls are equal to each other (GROUP BY, DISTINCT);
/// joins leave keys with nulls out beforehand.
class datum_keys {
public:
    using key = std::span<nullable_datum const>;

    explicit datum_keys(std::vector<sql_type> types = {}) : kept_(std::move(types)) {}

    std::uint64_t hash(key const& k) const {
        std::uint64_t running = 0x243f6a8885a308d3u;
        for (std::size_t i = 0; i < k.size(); ++i) {
            running = mix_hash(running, k[i].null ? 0x9216d5d98979fb1bu : hash_of(kept_.types()[i].id, k[i].value));
        }
        return running;
    }
    bool equal(std::uint32_t number, key const& k) const {
        for (std::size_t i = 0; i < k.size(); ++i) {
            nullable_datum mine = kept_.at(number, i);
            if (mine.null != k[i].null) return false;
            if (!mine.null && compare(kept_.types()[i].id, mine.value, k[i].value) != 0) return false;
        }
        return true;
    }
    void keep(key const& k) {
        scratch_.assign(k.begin(), k.end());
        kept_.push(scratch_);
    }
    tuple_store const& kept() const { return kept_; }

private:
    tuple_store kept_;
    std::vector<nullable_datum> scratch_;
};

}  // namespace phantomdb::exec
