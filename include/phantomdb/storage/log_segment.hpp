/// @file Defines the bytes of a segment of the commit log, and how they are told from others.
///
/// A segment file is called log-<its number in hex>:
///
///     header    "PhantomL" · u32 format (2) · u32 epoch (its number) · u64 LSN of the record before it · u32 salt · u32 CRC32C
///               of this; the salt is a random number
///     records   each at a multiple of 8 bytes
///     rest      zeros the file is filled ahead with, or what a recycled file held before: bytes of other epochs and salts
///
///     record    u32 payload length · u32 CRC32C of payload and header · u64 LSN · u64 synced · u32 epoch · u32 salt · payload
///               synced: the greatest LSN known to be durable when this record was appended
///
///     marker    the header of a record without payload, with the LSN of the last record in both places; written behind it
///               when the log is opened and when it is closed, and overwritten by the next record
///
/// Format 1, which is read and not made any more, has no salt: the header is … · u64 LSN · u32 CRC32C · 0, the salt in records 0.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/commit_log.hpp>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::storage {

namespace detail {

inline constexpr std::uint32_t segment_format = 2;
inline constexpr std::uint32_t segment_format_without_salt = 1;
inline constexpr std::size_t segment_header_bytes = 32;
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::string_view segment_magic = "PhantomL";

constexpr std::uint64_t padded(std::uint64_t size) { return (size + 7) & ~std::uint64_t{7}; }

inline constexpr std::string_view segment_prefix = "log-";
inline constexpr std::string_view spare_prefix = "spare-";

inline std::string numbered(std::string_view prefix, std::uint64_t number) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    return std::string(prefix).append(digits);
}
inline std::string segment_name(std::uint64_t number) { return numbered(segment_prefix, number); }
inline std::string spare_name(std::uint64_t number) { return numbered(spare_prefix, number); }

/// What tells the records of a segment from all others: epoch and salt, as they are in its records.
enum class segment_identity : std::uint64_t {};
constexpr segment_identity identity_of(std::uint64_t number, std::uint32_t salt) {
    return segment_identity{std::uint64_t{salt} << 32 | static_cast<std::uint32_t>(number)};
}
constexpr std::uint32_t epoch_of(segment_identity identity) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(identity));
}
/// The identity in a record's header at `at`.
inline segment_identity load_identity(char const* at) {
    return segment_identity{codec::load_fixed<std::uint64_t>(at + 24)};
}

struct log_record {
    lsn_type lsn = 0;
    lsn_type synced = 0;
    std::string_view payload;
    std::uint64_t size = 0;  ///< in the file
};

/// The checksum of a record whose header is at `header`; the field of the checksum itself is left out.
inline std::uint32_t record_checksum(char const* header, std::uint32_t payload_checksum) {
    std::uint32_t const length = codec::crc32c({header, 4}, payload_checksum);
    return codec::crc32c({header + 8, record_header_bytes - 8}, length);
}

/// The record at the front of `bytes`, if there is a sound one of this segment.
inline std::optional<log_record> parse_record(std::string_view bytes, segment_identity identity) {
    if (bytes.size() < record_header_bytes) return std::nullopt;
    char const* const at = bytes.data();
    std::uint64_t const length = codec::load_fixed<std::uint32_t>(at);
    if (load_identity(at) != identity || length > bytes.size() - record_header_bytes) return std::nullopt;
    log_record record;
    record.lsn = codec::load_fixed<std::uint64_t>(at + 8);
    record.synced = codec::load_fixed<std::uint64_t>(at + 16);
    record.payload = bytes.substr(record_header_bytes, length);
    record.size = padded(record_header_bytes + length);
    if (record_checksum(at, codec::crc32c(record.payload)) != codec::load_fixed<std::uint32_t>(at + 4))
        return std::nullopt;
    return record;
}

/// What a header says.
struct segment {
    std::uint64_t number;
    lsn_type previous;  ///< the LSN before its first record
    segment_identity identity;
};

/// The header, in the bytes of a file.
inline std::string make_header(segment const& of) {
    std::string header(segment_magic);
    codec::append_fixed(header, segment_format);
    codec::append_fixed(header, epoch_of(of.identity));
    codec::append_fixed(header, of.previous);
    codec::append_fixed(header, static_cast<std::uint32_t>(static_cast<std::uint64_t>(of.identity) >> 32));
    codec::append_fixed(header, codec::crc32c(header));
    return header;
}

/// The header at the front of `bytes`, if there is a sound one of segment `number`. Throws feature_not_supported where it is
/// of a later version.
inline std::optional<segment> parse_header(std::string_view bytes, std::uint64_t number) {
    if (bytes.size() < segment_header_bytes || !bytes.starts_with(segment_magic)) return std::nullopt;
    std::uint32_t const format = codec::load_fixed<std::uint32_t>(bytes.data() + 8);
    bool const salted = format != segment_format_without_salt;
    std::size_t const size = salted ? 28 : 24;
    if (codec::crc32c(bytes.substr(0, size)) != codec::load_fixed<std::uint32_t>(bytes.data() + size))
        return std::nullopt;
    if (salted && format != segment_format) {
        throw error(errc::feature_not_supported, "the commit log has format " + std::to_string(format) +
                                                     ", which this version of PhantomDB does not know");
    }
    std::uint32_t const salt = salted ? codec::load_fixed<std::uint32_t>(bytes.data() + 24) : 0;
    if (codec::load_fixed<std::uint32_t>(bytes.data() + 12) != static_cast<std::uint32_t>(number)) return std::nullopt;
    return segment{number, codec::load_fixed<std::uint64_t>(bytes.data() + 16), identity_of(number, salt)};
}

/// Gives the records of a segment to `use` and moves `last` along; the offset behind the last sound one.
template <class Use>
std::uint64_t scan(std::string_view bytes, segment_identity identity, lsn_type& last, Use&& use) {
    std::uint64_t offset = segment_header_bytes;
    while (offset < bytes.size()) {
        auto const record = parse_record(bytes.substr(offset), identity);
        if (!record || record->lsn <= last) break;
        use(*record);
        last = record->lsn;
        offset += record->size;
    }
    return offset;
}

/// Whether `is_one` says yes to a place at or behind `offset` where the header of a record might be.
template <class Test>
bool any_place(std::string_view bytes, std::uint64_t offset, Test&& is_one) {
    for (offset = padded(offset); offset + record_header_bytes <= bytes.size(); offset += 8) {
        if (is_one(bytes.substr(offset))) return true;
    }
    return false;
}

/// Whether a sound record behind `offset` shows that something above `last` had been durable.
inline bool proves_loss(std::string_view bytes, std::uint64_t offset, segment_identity identity, lsn_type last) {
    return any_place(bytes, offset, [&](std::string_view at) {
        return load_identity(at.data()) == identity && codec::load_fixed<std::uint64_t>(at.data() + 16) > last &&
               parse_record(at, identity);
    });
}

/// Whether something behind `offset` has the identity of this segment, sound or not.
inline bool may_hold_records(std::string_view bytes, std::uint64_t offset, segment_identity identity) {
    return any_place(bytes, offset, [&](std::string_view at) { return load_identity(at.data()) == identity; });
}

/// Whether there is a sound record of this epoch in a segment whose header, and so the salt, is not known.
inline bool holds_records(std::string_view bytes, std::uint64_t number) {
    return any_place(bytes, 0, [&](std::string_view at) {
        segment_identity const identity = load_identity(at.data());
        return epoch_of(identity) == static_cast<std::uint32_t>(number) && parse_record(at, identity);
    });
}

/// Where the records above `proven` begin in a segment that is sound up to `end`; its very start where all of them are.
inline std::uint64_t unproven_from(std::string_view bytes, std::uint64_t end, lsn_type proven) {
    std::uint64_t offset = segment_header_bytes;
    while (offset < end && codec::load_fixed<std::uint64_t>(bytes.data() + offset + 8) <= proven)
        offset += padded(record_header_bytes + codec::load_fixed<std::uint32_t>(bytes.data() + offset));
    return offset == segment_header_bytes ? 0 : offset;
}

}  // namespace detail

}  // namespace phantomdb::storage
