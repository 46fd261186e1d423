/// @file Defines the bytes of a run file: sorted entries, each key once, and what is needed to find them.
///
/// A run file is called run-<its number in hex>:
///
///     blocks       of entries (`block.hpp`), stored one behind the other
///     index        stored; for each block: varint bytes of it as stored · varint count of entries · varint length · a key that
///                  is not below its last and below the first of the next
///     filter       stored; `bloom_filter.hpp`, over the keys
///     spans        stored; for each: varint length · from · varint length · to (empty: to the end) · varint LSN
///     properties   stored; u64 lowest LSN · u64 highest LSN · u64 entries · u64 of them erasures · u64 bytes of keys and values ·
///                  varint length · least key · varint length · greatest key
///     footer       u64 bytes of each of index, filter, spans, properties · u64 number of the file · u32 format (1) · u32 CRC32C of
///                  the footer up to here · "PhantomR"
///
///     stored       bytes · u32 size when decompressed · u8 codec (`block_codec.hpp`) · u32 CRC32C of number of the file (u64), offset (u64)
///                  and all before in this piece, so that bytes of another place are not taken for these
///
/// Nothing lies between the pieces: every bit of the file is under some checksum.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/lsm/block_codec.hpp>
#include <phantomdb/storage/lsm/key_head.hpp>
#include <phantomdb/storage/lsm/span_set.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::storage::lsm {

inline constexpr std::uint32_t run_format_version = 1;
inline constexpr std::string_view run_magic = "PhantomR";
inline constexpr std::string_view run_prefix = "run-";
inline constexpr std::size_t footer_bytes = 56;
inline constexpr std::size_t stored_trailer_bytes = 9;
inline constexpr std::size_t block_bytes = 16384;

inline std::string numbered_name(std::string_view prefix, std::uint64_t number) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    return std::string(prefix) + digits;
}
inline std::string run_name(std::uint64_t number) { return numbered_name(run_prefix, number); }

/// The number in a name that `numbered_name` made.
inline std::optional<std::uint64_t> number_in(std::string_view prefix, std::string_view name) {
    if (!name.starts_with(prefix) || name.size() != prefix.size() + 16) return std::nullopt;
    std::uint64_t number = 0;
    for (char const c : name.substr(prefix.size())) {
        int const digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) return std::nullopt;
        number = number << 4 | static_cast<unsigned>(digit);
    }
    return number;
}

/// data_corrupted, with the place.
struct file_damage : error {
    std::string file;
    std::uint64_t offset;
    file_damage(std::string path, std::uint64_t at, std::string what)
        : error(errc::data_corrupted, "file \"" + path + "\" is damaged at offset " + std::to_string(at)),
          file(std::move(path)),
          offset(at) {
        detail = std::move(what);
        hint = "Restore the directory from a backup.";
    }
};
inline file_damage damaged_file(std::string const& path, std::uint64_t offset, std::string what) {
    return {path, offset, std::move(what)};
}

/// What a run holds, as its file says.
struct run_properties {
    lsn_type lowest = 0, highest = 0;  ///< of entries and spans
    std::uint64_t entries = 0, erasures = 0, entry_bytes = 0;
    std::string least, greatest;  ///< keys of entries; both empty where there are none

    std::string encode() const {
        std::string out;
        for (std::uint64_t const n : {lowest, highest, entries, erasures, entry_bytes}) codec::append_fixed(out, n);
        codec::append_bytes(out, least);
        codec::append_bytes(out, greatest);
        return out;
    }
    bool decode(std::string_view in) {
        if (in.size() < 40) return false;
        std::uint64_t* const fields[] = {&lowest, &highest, &entries, &erasures, &entry_bytes};
        for (std::size_t i = 0; i < 5; ++i) *fields[i] = codec::load_fixed<std::uint64_t>(in.data() + 8 * i);
        in.remove_prefix(40);
        std::string_view low, high;
        if (!codec::take_bytes(in, low) || !codec::take_bytes(in, high) || !in.empty()) return false;
        least = low;
        greatest = high;
        return lowest <= highest && erasures <= entries && least <= greatest;
    }
};

struct run_footer {
    std::uint64_t index = 0, filter = 0, spans = 0, properties = 0;  ///< bytes
    std::uint64_t number = 0;

    std::string encode() const {
        std::string out;
        for (std::uint64_t const n : {index, filter, spans, properties, number}) codec::append_fixed(out, n);
        codec::append_fixed(out, run_format_version);
        codec::append_fixed(out, codec::crc32c(out));
        return out.append(run_magic);
    }
    /// The footer of a file of `size` bytes. Throws data_corrupted, feature_not_supported.
    static run_footer decode(std::string_view in, std::string const& path, std::uint64_t size, std::uint64_t number) {
        std::uint64_t const offset = size - std::min<std::uint64_t>(size, footer_bytes);
        if (in.size() != footer_bytes || !in.ends_with(run_magic) ||
            codec::crc32c(in.substr(0, 44)) != codec::load_fixed<std::uint32_t>(in.data() + 44)) {
            throw damaged_file(path, offset, "The footer of a run is missing or wrong.");
        }
        std::uint32_t const format = codec::load_fixed<std::uint32_t>(in.data() + 40);
        if (format != run_format_version) {
            throw error(errc::feature_not_supported, "file \"" + path + "\" has format " + std::to_string(format) +
                                                         ", which this version of PhantomDB does not know");
        }
        run_footer f;
        std::uint64_t* const fields[] = {&f.index, &f.filter, &f.spans, &f.properties, &f.number};
        for (std::size_t i = 0; i < 5; ++i) *fields[i] = codec::load_fixed<std::uint64_t>(in.data() + 8 * i);
        std::uint64_t left = offset;
        for (std::uint64_t const part : {f.index, f.filter, f.spans, f.properties}) {
            if (part > left) throw damaged_file(path, offset, "The footer speaks of more than the file has.");
            left -= part;
        }
        if (f.number != number) throw damaged_file(path, offset, "This is run " + std::to_string(f.number) + ".");
        return f;
    }
};

/// Puts the trailer behind the bytes of a stored piece.
inline void append_stored_trailer(std::string& bytes, std::uint64_t size, block_codec codec, std::uint64_t number,
                                  std::uint64_t offset) {
    codec::append_fixed(bytes, static_cast<std::uint32_t>(size));
    bytes.push_back(static_cast<char>(codec));
    std::string place;
    codec::append_fixed(place, number);
    codec::append_fixed(place, offset);
    codec::append_fixed(bytes, codec::crc32c(bytes, codec::crc32c(place)));
}

/// Bytes that were stored, in memory again.
struct unpacked {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::string_view view() const { return {bytes.get(), size}; }
};

/// Checks and decompresses a stored piece that was read at `offset`. Throws data_corrupted, feature_not_supported.
inline unpacked unpack(std::string_view stored, std::string const& path, std::uint64_t number, std::uint64_t offset) {
    if (stored.size() < stored_trailer_bytes) throw damaged_file(path, offset, "A piece is cut short.");
    std::string place;
    codec::append_fixed(place, number);
    codec::append_fixed(place, offset);
    std::size_t const checked = stored.size() - sizeof(std::uint32_t);
    if (codec::crc32c(stored.substr(0, checked), codec::crc32c(place)) !=
        codec::load_fixed<std::uint32_t>(stored.data() + checked)) {
        throw damaged_file(path, offset, "A checksum is wrong.");
    }
    std::size_t const payload = stored.size() - stored_trailer_bytes;
    unpacked made;
    made.size = codec::load_fixed<std::uint32_t>(stored.data() + payload);
    auto const codec = static_cast<std::uint8_t>(stored[payload + 4]);
    made.bytes = std::make_unique_for_overwrite<char[]>(std::max<std::size_t>(made.size, 1));
    if (!decompress(codec, stored.substr(0, payload), made.bytes.get(), made.size))
        throw damaged_file(path, offset, "A piece cannot be decompressed.");
    return made;
}

inline std::string encode_spans(span_set const& spans) {
    std::string out;
    for (erased_span const& span : spans.spans()) {
        codec::append_bytes(out, span.from);
        codec::append_bytes(out, span.to);
        codec::append_varint(out, span.lsn);
    }
    return out;
}
inline bool decode_spans(std::string_view in, span_set& spans) {
    std::string_view end;
    bool open_end = false;
    while (!in.empty()) {
        std::string_view from, to;
        std::uint64_t lsn = 0;
        if (!codec::take_bytes(in, from) || !codec::take_bytes(in, to) || !codec::take_varint(in, lsn)) return false;
        if (open_end || from < end || (!to.empty() && to <= from)) return false;
        spans.append(from, to, lsn);
        end = to;
        open_end = to.empty();
    }
    return true;
}

/// Where the blocks of a run are and which keys they end with. In memory whole. Const use from any thread.
class run_index {
public:
    void add(std::uint64_t bytes, std::uint64_t entries, std::string_view last) {
        heads_.push_back(key_head(last));
        keys_.append(last);
        key_ends_.push_back(keys_.size());
        offsets_.push_back(offsets_.back() + bytes);
        entries_.push_back(entries_.back() + entries);
    }
    std::string encode() const {
        std::string out;
        for (std::size_t i = 0; i < size(); ++i) {
            codec::append_varint(out, offset(i + 1) - offset(i));
            codec::append_varint(out, entries_[i + 1] - entries_[i]);
            codec::append_bytes(out, last(i));
        }
        return out;
    }
    /// Of blocks that take `bytes` together and hold `entries`. False where it is not.
    bool decode(std::string_view in, std::uint64_t bytes, std::uint64_t entries) {
        while (!in.empty()) {
            std::uint64_t stored = 0, count = 0;
            std::string_view key;
            if (!codec::take_varint(in, stored) || !codec::take_varint(in, count) || !codec::take_bytes(in, key))
                return false;
            if (stored <= stored_trailer_bytes || stored > bytes - offsets_.back()) return false;
            if (count == 0 || count > entries - entries_.back()) return false;
            if (size() > 0 && key <= last(size() - 1)) return false;
            add(stored, count, key);
        }
        return offsets_.back() == bytes && entries_.back() == entries;
    }

    std::size_t size() const { return heads_.size(); }
    std::uint64_t offset(std::size_t block) const { return offsets_[block]; }
    /// Entries in the blocks before this one.
    std::uint64_t entries_before(std::size_t block) const { return entries_[block]; }
    /// Entries with keys below `key`, where `least` is the least there is: inside a block as if its keys were evenly spread. O(log n).
    std::uint64_t entries_below(std::string_view key, std::string_view least) const {
        std::size_t const block = find(key);
        std::uint64_t const before = entries_before(block);
        if (block == size() || key <= least) return before;
        std::string_view const low = block == 0 ? least : last(block - 1);
        std::string_view const high = last(block);
        std::size_t const shared = shared_prefix(low, high);
        auto const place = [&](std::string_view k) { return static_cast<double>(key_head(k.substr(shared))); };
        double const width = place(high) - place(low);
        double const part = width > 0 ? (place(key) - place(low)) / width : 0.5;
        return before + static_cast<std::uint64_t>(part * static_cast<double>(entries_before(block + 1) - before));
    }
    /// The block that has the entry before which there are `entries`; there is one. O(log n).
    std::size_t block_of(std::uint64_t entries) const {
        return static_cast<std::size_t>(std::upper_bound(entries_.begin(), entries_.end(), entries) -
                                        entries_.begin()) -
               1;
    }
    std::string_view last(std::size_t block) const {
        std::size_t const begin = block == 0 ? 0 : key_ends_[block - 1];
        return std::string_view(keys_).substr(begin, key_ends_[block] - begin);
    }
    /// The first block that may hold `key` or greater ones; size() where there is none. O(log n).
    std::size_t find(std::string_view key) const {
        std::uint64_t const head = key_head(key);
        auto at = static_cast<std::size_t>(std::lower_bound(heads_.begin(), heads_.end(), head) - heads_.begin());
        if (at == size() || heads_[at] != head || last(at) >= key) return at;
        auto end = static_cast<std::size_t>(
            std::upper_bound(heads_.begin() + static_cast<std::ptrdiff_t>(at), heads_.end(), head) - heads_.begin());
        while (at < end) {
            std::size_t const middle = at + (end - at) / 2;
            if (last(middle) < key) {
                at = middle + 1;
            } else {
                end = middle;
            }
        }
        return at;
    }
    std::uint64_t memory_bytes() const { return keys_.size() + heads_.size() * 32; }

private:
    std::vector<std::uint64_t> heads_;
    std::vector<std::size_t> key_ends_;
    std::string keys_;
    std::vector<std::uint64_t> offsets_{0}, entries_{0};
};

}  // namespace phantomdb::storage::lsm
