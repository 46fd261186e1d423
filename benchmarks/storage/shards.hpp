/// @file Defines what the benchmarks of whole shards share: the shard databases are kept in, and rows of 8 + 100 bytes in it.
#pragma once

#include <phantomdb/codec/engine.hpp>
#include <phantomdb/mvcc/local_shard.hpp>

#include "engines.hpp"

namespace bench {

namespace pm = phantomdb::mvcc;
using phantomdb::codec::engine;

inline std::string const& row_value() {
    static std::string const made(value_bytes, 'v');
    return made;
}

/// A shard whose rows are in `Engine`, as those of a table would be.
template <engine Engine>
class shard_rows {
public:
    explicit shard_rows(std::string const& directory, pm::shard_options options = {})
        : shard_(pm::local_shard::open(directory, std::move(options))) {
        if (shard_->view().get(phantomdb::codec::engine_record_key(object))) return;
        auto transaction = shard_->begin();
        transaction.put(phantomdb::codec::engine_record_key(object), phantomdb::codec::engine_record_value(Engine));
        transaction.commit();
    }

    /// In one transaction; not durable where `synchronous` is false.
    void write(std::span<std::uint64_t const> keys, bool synchronous) {
        pm::transaction_options options;
        options.synchronous = synchronous;
        auto transaction = shard_->begin(options);
        for (std::uint64_t const n : keys) transaction.put(key(n), row_value());
        transaction.commit();
    }
    bool has(std::uint64_t n) const { return shard_->view().get(key(n)).has_value(); }
    pm::local_shard* operator->() { return shard_.get(); }

private:
    static constexpr std::uint32_t object = 1000;
    static std::string key(std::uint64_t n) { return ps::object_prefix(object).append(row_key(n).view()); }

    std::unique_ptr<pm::local_shard> shard_;
};

}  // namespace bench
