/// @file Defines `run_writer`, which makes a run file from entries in order.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/storage/lsm/block.hpp>
#include <phantomdb/storage/lsm/bloom_filter.hpp>
#include <phantomdb/storage/lsm/disk_health.hpp>
#include <phantomdb/storage/lsm/run_format.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// What runs of a level are made like.
struct run_style {
    block_codec codec = block_codec::lz4;
    unsigned filter_bits = 16;  ///< for each key
};
/// Upper runs are asked for every key and hold the least: more bits. The last is the largest, and rarely asked in vain.
inline constexpr run_style upper_style{block_codec::lz4, 16};
inline constexpr run_style last_style{block_codec::zstd, 10};

/// What a finished run file is known by.
struct run_record {
    std::uint64_t number = 0, bytes = 0;
    std::uint32_t checksum = 0;  ///< of its footer
};

/// What all writers of a store share.
template <env::environment Environment>
struct writing {
    Environment& environment;
    std::string const& directory;
    disk_health& health;
    write_pace<Environment>& pace;
    std::atomic<std::uint64_t>& written_bytes;
};

/// Removes its file again unless told to keep it. Used by one thread at a time.
template <env::environment Environment>
class run_writer {
public:
    /// `lowest`: no LSN added will be below.
    run_writer(writing<Environment> const& to, std::uint64_t number, run_style style, lsn_type lowest)
        : to_(to), number_(number), style_(style), path_(env::join(to.directory, run_name(number))) {
        properties_.lowest = properties_.highest = lowest;
        file_.emplace(to_.environment.open(path_, env::open_mode::create));
    }
    run_writer(run_writer const&) = delete;
    run_writer& operator=(run_writer const&) = delete;
    ~run_writer() {
        // Once it is unknown which manifest is in force, one may name the file.
        if (kept_ || to_.health.is_poisoned()) return;
        file_.reset();
        try {
            to_.environment.remove(path_);
        } catch (std::exception const&) {
            // Nobody names the file: the next opening of the store removes it.
        }
    }

    /// `e.key` is above all before. Throws disk_full, io_error.
    void add(entry const& e) {
        PHANTOMDB_ASSERT(properties_.entries == 0 || e.key > last_key_);
        PHANTOMDB_ASSERT(e.lsn >= properties_.lowest);
        if (properties_.entries == 0) properties_.least = e.key;
        if (block_.count() > 0 && block_.bytes() + e.key.size() + e.value.size() > block_bytes) end_block(e.key);
        block_.add(e, properties_.lowest);
        hashes_.push_back(key_hash(e.key));
        last_key_.assign(e.key);
        ++properties_.entries;
        properties_.erasures += e.erased ? 1 : 0;
        properties_.entry_bytes += e.key.size() + e.value.size();
        properties_.highest = std::max(properties_.highest, e.lsn);
    }
    void add_spans(span_set spans) {
        for (erased_span const& span : spans.spans()) {
            PHANTOMDB_ASSERT(span.lsn >= properties_.lowest);
            properties_.highest = std::max(properties_.highest, span.lsn);
        }
        spans_ = std::move(spans);
    }
    bool empty() const { return properties_.entries == 0 && spans_.empty(); }
    /// Of the file so far, about.
    std::uint64_t bytes() const { return offset_ + block_.bytes(); }

    /// Writes the rest and syncs. Throws disk_full, io_error.
    run_record finish() {
        if (block_.count() > 0) end_block({});
        properties_.greatest = last_key_;
        run_footer footer;
        footer.number = number_;
        footer.index = store(index_.encode(), style_.codec);
        footer.filter = store(bloom_filter::make(hashes_, style_.filter_bits), block_codec::raw);
        footer.spans = store(encode_spans(spans_), style_.codec);
        footer.properties = store(properties_.encode(), block_codec::raw);
        std::string const end = footer.encode();
        pending_ += end;
        offset_ += end.size();
        flush();
        to_.health.sync([&] { file_->sync(); });
        return {number_, offset_, codec::crc32c(end)};
    }
    /// After `finish`, when a manifest names the file.
    void keep() { kept_ = true; }

private:
    static constexpr std::size_t write_bytes = 256 * 1024;

    /// `next`: the key that follows, empty where there is none.
    void end_block(std::string_view next) {
        std::uint32_t const count = block_.count();
        std::uint64_t const bytes = store(block_.finish(), style_.codec);
        // The shortest key that is not below the last and below the next one.
        std::string separator = last_key_;
        if (!next.empty()) {
            std::size_t const shared = shared_prefix(last_key_, next);
            if (shared + 1 < next.size()) separator.assign(next.substr(0, shared + 1));
            if (separator <= last_key_) separator = last_key_;
        }
        index_.add(bytes, count, separator);
        block_.clear();
        if (pending_.size() >= write_bytes) flush();
    }
    /// The bytes it takes.
    std::uint64_t store(std::string_view bytes, block_codec codec) {
        block_codec const used = compressor_.compress(codec, bytes, packed_);
        append_stored_trailer(packed_, bytes.size(), used, number_, offset_);
        pending_ += packed_;
        offset_ += packed_.size();
        return packed_.size();
    }
    void flush() {
        file_->write_at(offset_ - pending_.size(), pending_);
        to_.written_bytes.fetch_add(pending_.size(), std::memory_order_relaxed);
        std::size_t const bytes = pending_.size();
        pending_.clear();
        to_.pace.wrote(bytes);
    }

    writing<Environment> const to_;
    std::uint64_t const number_;
    run_style const style_;
    std::string const path_;
    std::optional<typename Environment::file_type> file_;
    bool kept_ = false;
    block_builder block_;
    block_compressor compressor_;
    std::string packed_, pending_, last_key_;
    std::uint64_t offset_ = 0;
    run_index index_;
    std::vector<std::uint64_t> hashes_;
    run_properties properties_;
    span_set spans_;
};

}  // namespace phantomdb::storage::lsm
