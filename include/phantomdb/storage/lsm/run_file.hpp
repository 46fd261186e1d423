/// @file Defines `run_file`, an open run: index and filter in memory, blocks through the cache.
#pragma once

#include <phantomdb/storage/lsm/block_cache.hpp>
#include <phantomdb/storage/lsm/bloom_filter.hpp>
#include <phantomdb/storage/lsm/run_format.hpp>
#include <phantomdb/storage/lsm/run_writer.hpp>

#include <atomic>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>

namespace phantomdb::storage::lsm {

/// Const use from any thread. The cache and the counter must outlive it.
template <env::environment Environment>
class run_file {
public:
    /// Reads all but the blocks. Throws data_corrupted (also where the file is not the one of `record`),
    /// feature_not_supported, io_error.
    run_file(Environment& environment, std::string const& directory, run_record const& record, block_cache& cache,
             std::atomic<std::uint64_t>& read_bytes)
        : record_(record),
          path_(env::join(directory, run_name(record.number))),
          file_(environment.open(path_, env::open_mode::read)),
          cache_(cache),
          read_bytes_(read_bytes) {
        std::uint64_t const size = file_.size();
        if (size != record.bytes) {
            throw damaged_file(
                path_, std::min(size, record.bytes),
                "It has " + std::to_string(size) + " bytes and should have " + std::to_string(record.bytes) + ".");
        }
        std::string footer(std::min<std::uint64_t>(size, footer_bytes), '\0');
        read(size - footer.size(), footer);
        run_footer const f = run_footer::decode(footer, path_, size, record.number);
        std::uint64_t offset = size - footer_bytes;
        if (codec::crc32c(footer) != record.checksum) throw damaged_file(path_, offset, "This is another run.");
        offset -= f.properties;
        if (!properties_.decode(part(offset, f.properties).view())) throw wrong(offset, "The properties");
        offset -= f.spans;
        if (!decode_spans(part(offset, f.spans).view(), spans_)) throw wrong(offset, "The erased spans");
        for (erased_span const& span : spans_.spans()) {
            if (span.lsn < properties_.lowest || span.lsn > properties_.highest)
                throw wrong(offset, "The erased spans");
        }
        offset -= f.filter;
        unpacked const filter = part(offset, f.filter);
        if (!filter_.open(std::string(filter.view()))) throw wrong(offset, "The filter");
        offset -= f.index;
        if (!index_.decode(part(offset, f.index).view(), offset, properties_.entries)) throw wrong(offset, "The index");
        if (index_.size() > 0 && index_.last(index_.size() - 1) != properties_.greatest)
            throw wrong(offset, "The index");
        slots_.emplace_back(index_.size());
    }
    run_file(run_file const&) = delete;
    run_file& operator=(run_file const&) = delete;
    ~run_file() { cache_.retire(std::move(slots_)); }

    run_record const& record() const { return record_; }
    run_properties const& properties() const { return properties_; }
    run_index const& index() const { return index_; }
    span_set const& spans() const { return spans_; }
    std::string const& path() const { return path_; }
    std::uint64_t memory_bytes() const {
        return index_.memory_bytes() + filter_.bytes() + slots_.front().size() * sizeof(block_slot);
    }

    /// Block `i`, from the cache or the file. Throws data_corrupted, feature_not_supported, io_error.
    pinned_block get(std::size_t i) const {
        return cache_.get(slots_.front()[i], [&] { return load(i); });
    }

    /// What the run has about `key`, whose hash is given; `held` keeps the bytes.
    std::optional<entry> find(std::string_view key, std::uint64_t hash, pinned_block& held) const {
        if (!filter_.may_hold(hash)) return std::nullopt;
        std::size_t const i = index_.find(key);
        if (i == index_.size()) return std::nullopt;
        held = get(i);
        std::uint32_t const at = held.content->lower_bound(key);
        if (at == held.content->count()) return std::nullopt;
        entry const e = held.content->at(at);
        if (e.key != key) return std::nullopt;
        return e;
    }

    /// False: the filter says that `key` is not there.
    bool may_hold(std::string_view key) const { return filter_.may_hold(key_hash(key)); }

    /// Blocks [first, last) as they are in the file, past the cache, in one read; each is given to `use(block)`.
    template <class Use>
    void read_blocks(std::size_t first, std::size_t last, Use&& use) const {
        std::uint64_t const begin = index_.offset(first);
        std::string bytes(index_.offset(last) - begin, '\0');
        read(begin, bytes);
        for (std::size_t i = first; i < last; ++i) {
            std::uint64_t const from = index_.offset(i);
            use(parse(i, std::string_view(bytes).substr(from - begin, index_.offset(i + 1) - from)));
        }
    }

private:
    block load(std::size_t i) const {
        thread_local std::string stored;  // so that the memory of one read serves the next
        stored.resize(index_.offset(i + 1) - index_.offset(i));
        read(index_.offset(i), stored);
        block made = parse(i, stored);
        if (stored.capacity() > 4 * block_bytes) std::string().swap(stored);
        return made;
    }
    block parse(std::size_t i, std::string_view stored) const {
        std::uint64_t const offset = index_.offset(i);
        unpacked raw = unpack(stored, path_, record_.number, offset);
        block made;
        if (!made.open(std::move(raw.bytes), raw.size, properties_.lowest)) throw wrong(offset, "A block");
        // That the block is where the index says is what searches rely on.
        std::uint32_t const count = made.count();
        if (count != index_.entries_before(i + 1) - index_.entries_before(i) || made.key(count - 1) > index_.last(i) ||
            (i > 0 && made.key(0) <= index_.last(i - 1))) {
            throw wrong(offset, "A block");
        }
        return made;
    }
    unpacked part(std::uint64_t offset, std::uint64_t bytes) {
        std::string stored(bytes, '\0');
        read(offset, stored);
        return unpack(stored, path_, record_.number, offset);
    }
    void read(std::uint64_t offset, std::string& into) const {
        if (file_.read_at(offset, into) != into.size()) throw damaged_file(path_, offset, "The file is cut short.");
        read_bytes_.fetch_add(into.size(), std::memory_order_relaxed);
    }
    file_damage wrong(std::uint64_t offset, char const* what) const {
        return damaged_file(path_, offset, std::string(what) + " cannot be read.");
    }

    run_record const record_;
    std::string const path_;
    typename Environment::file_type file_;
    block_cache& cache_;
    std::atomic<std::uint64_t>& read_bytes_;
    run_properties properties_;
    run_index index_;
    bloom_filter filter_;
    span_set spans_;
    mutable std::list<block_cache::slots> slots_;  // one; in a list, so that the cache can take it over without memory
};

/// Reads the entries of a run in order, past the cache, so that background work does not push out what readers need.
/// Used by one thread at a time.
template <env::environment Environment>
class run_reader {
public:
    /// From the first entry not below `from` on.
    run_reader(run_file<Environment> const& file, std::string_view from) : file_(file), next_(file.index().find(from)) {
        fill();
        if (valid()) {
            at_ = blocks_[current_].lower_bound(from);
            settle();
        }
    }
    bool valid() const { return current_ < blocks_.size(); }
    entry const& operator*() const { return entry_; }
    /// The bytes of the entry before stay where they are until the next call but one at the earliest.
    void next() {
        ++at_;
        settle();
    }

private:
    static constexpr std::size_t read_bytes = 128 * 1024;

    void settle() {
        if (at_ == blocks_[current_].count()) {
            at_ = 0;
            if (++current_ == blocks_.size()) {
                fill();
                if (!valid()) return;
            }
        }
        entry_ = blocks_[current_].at(at_);
    }
    void fill() {
        kept_ = blocks_.empty() ? block() : std::move(blocks_.back());
        blocks_.clear();
        current_ = 0;
        auto const& index = file_.index();
        std::size_t last = next_;
        while (last < index.size() && (last == next_ || index.offset(last + 1) - index.offset(next_) <= read_bytes))
            ++last;
        if (last > next_) file_.read_blocks(next_, last, [&](block b) { blocks_.push_back(std::move(b)); });
        next_ = last;
    }

    run_file<Environment> const& file_;
    std::size_t next_;
    std::vector<block> blocks_;
    block kept_;  // what was lent last
    std::size_t current_ = 0;
    std::uint32_t at_ = 0;
    entry entry_;
};

}  // namespace phantomdb::storage::lsm
