/// @file Defines the bytes of the commit log's segment files: headers, records, and the check of a whole segment.
///
/// storage/local_log.hpp has the picture.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/storage/commit_log.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::storage {

namespace detail {

inline constexpr std::uint32_t segment_format = 1;
inline constexpr std::size_t segment_header_bytes = 32;
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::string_view segment_magic = "PhantomL";

constexpr std::uint64_t padded(std::uint64_t size) { return (size + 7) & ~std::uint64_t{7}; }

inline std::string segment_name(std::uint64_t number) {
    char name[32];
    std::snprintf(name, sizeof name, "log-%016llx", static_cast<unsigned long long>(number));
    return name;
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

/// The record at the front of `bytes`, if there is a sound one of this epoch.
inline std::optional<log_record> parse_record(std::string_view bytes, std::uint32_t epoch) {
    if (bytes.size() < record_header_bytes) return std::nullopt;
    char const* const at = bytes.data();
    std::uint64_t const length = codec::load_fixed<std::uint32_t>(at);
    if (codec::load_fixed<std::uint32_t>(at + 24) != epoch || length > bytes.size() - record_header_bytes)
        return std::nullopt;
    log_record record;
    record.lsn = codec::load_fixed<std::uint64_t>(at + 8);
    record.synced = codec::load_fixed<std::uint64_t>(at + 16);
    record.payload = bytes.substr(record_header_bytes, length);
    record.size = padded(record_header_bytes + length);
    if (record_checksum(at, codec::crc32c(record.payload)) != codec::load_fixed<std::uint32_t>(at + 4))
        return std::nullopt;
    return record;
}

inline bool is_segment_name(std::string_view name) {
    return name.size() == 20 && name.starts_with("log-") &&
           name.find_first_not_of("0123456789abcdef", 4) == std::string_view::npos;
}
inline std::uint64_t number_of(std::string const& name) { return std::stoull(name.substr(4), nullptr, 16); }

/// The header of segment `number`, whose first record follows on LSN `previous`.
inline std::string segment_header(std::uint64_t number, lsn_type previous) {
    std::string header(segment_magic);
    codec::append_fixed(header, segment_format);
    codec::append_fixed(header, static_cast<std::uint32_t>(number));
    codec::append_fixed(header, previous);
    codec::append_fixed(header, codec::crc32c(header));
    header.resize(segment_header_bytes, '\0');
    return header;
}

/// The LSN before the first record, from the header of segment `number`; nothing where that is damaged or another segment's.
/// Throws feature_not_supported for another format.
inline std::optional<lsn_type> parse_header(std::string_view bytes, std::uint64_t number) {
    if (bytes.size() < segment_header_bytes || !bytes.starts_with(segment_magic)) return std::nullopt;
    if (codec::crc32c(bytes.substr(0, 24)) != codec::load_fixed<std::uint32_t>(bytes.data() + 24)) return std::nullopt;
    std::uint32_t const format = codec::load_fixed<std::uint32_t>(bytes.data() + 8);
    if (format != segment_format) {
        throw error(errc::feature_not_supported, "the commit log has format " + std::to_string(format) +
                                                     ", which this version of PhantomDB does not know");
    }
    if (codec::load_fixed<std::uint32_t>(bytes.data() + 12) != static_cast<std::uint32_t>(number)) return std::nullopt;
    return codec::load_fixed<std::uint64_t>(bytes.data() + 16);
}

/// Whether a sound record behind `offset` shows that something above `last` had been durable.
inline bool proves_loss(std::string_view bytes, std::uint64_t offset, std::uint64_t number, lsn_type last) {
    for (offset = padded(offset); offset + record_header_bytes <= bytes.size(); offset += 8) {
        auto const* const at = bytes.data() + offset;
        if (codec::load_fixed<std::uint32_t>(at + 24) != static_cast<std::uint32_t>(number)) continue;
        if (codec::load_fixed<std::uint64_t>(at + 16) <= last) continue;
        if (parse_record(bytes.substr(offset), static_cast<std::uint32_t>(number))) return true;
    }
    return false;
}

template <env::environment Environment>
std::string read_whole(Environment& environment, std::string const& path) {
    auto const file = environment.open(path, env::open_mode::read);
    std::string bytes(file.size(), '\0');
    bytes.resize(file.read_at(0, bytes));
    return bytes;
}

/// Reports each place of a segment where something that belongs to the records up to `held` cannot be read.
inline void verify_segment(std::string const& path, std::string_view bytes, std::uint64_t number, lsn_type last,
                           lsn_type held, verification const& to) {
    auto const report = [&](std::uint64_t offset, std::string what) {
        if (to.on_finding) to.on_finding({path, offset, std::move(what)});
    };
    auto const header = parse_header(bytes, number);
    if (!header || *header != last) report(0, "the header of the segment is damaged");
    std::uint64_t offset = segment_header_bytes;
    while (last < held) {
        std::optional<log_record> record;
        std::uint64_t at = offset;
        for (; at + record_header_bytes <= bytes.size(); at += 8) {
            record = parse_record(bytes.substr(at), static_cast<std::uint32_t>(number));
            // A marker repeats the LSN of the record before it, and leads on like one.
            if (record && (record->lsn > last || at == offset)) break;
            record.reset();
        }
        if (!record) {
            return report(offset, "the log is damaged: records after LSN " + std::to_string(last) + " up to LSN " +
                                      std::to_string(held) + " cannot be read");
        }
        if (at != offset) {
            report(offset, "the log is damaged: what follows LSN " + std::to_string(last) +
                               " cannot be read, up to LSN " + std::to_string(record->lsn) + " at offset " +
                               std::to_string(at));
        }
        last = std::max(last, record->lsn);
        offset = at + record->size;
    }
}

}  // namespace detail

/// Checks the segment files of a log that nobody has open, and changes nothing. What a crash leaves (a torn tail, a segment
/// just begun) is no fault. Throws io_error; feature_not_supported for another format.
template <env::environment Environment>
void verify_log(Environment& environment, std::string const& directory, verification const& to) {
    std::vector<std::string> names = environment.list(directory);
    std::erase_if(names, [](std::string const& name) { return !detail::is_segment_name(name); });
    std::optional<lsn_type> known;  // the LSN that the records before this segment end with
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::uint64_t const number = detail::number_of(names[i]);
        std::string const path = env::join(directory, names[i]);
        std::string const bytes = detail::read_whole(environment, path);
        std::optional<lsn_type> next;  // what the header of the next segment says
        if (i + 1 < names.size() && detail::number_of(names[i + 1]) == number + 1) {
            std::string const following = detail::read_whole(environment, env::join(directory, names[i + 1]));
            next = detail::parse_header(following, number + 1);
        }
        auto const header = detail::parse_header(bytes, number);
        lsn_type const previous = header.value_or(known.value_or(0));
        if (next) {
            detail::verify_segment(path, bytes, number, previous, *next, to);
        } else if (header || detail::proves_loss(bytes, 0, number, previous) || i + 1 < names.size()) {
            // Only what a record behind proves to have been durable is missed.
            lsn_type proven = previous;
            for (std::uint64_t at = detail::segment_header_bytes; at + detail::record_header_bytes <= bytes.size();
                 at += 8) {
                auto const record =
                    detail::parse_record(std::string_view(bytes).substr(at), static_cast<std::uint32_t>(number));
                if (record) proven = std::max(proven, record->synced), at += record->size - 8;
            }
            detail::verify_segment(path, bytes, number, previous, proven, to);
        }
        known = next;
        if (to.on_progress) to.on_progress(i + 1, names.size());
    }
}

/// Makes a log in `directory`, which has none, that continues after `after`. Durable when it returns.
template <env::environment Environment>
void begin_log(Environment& environment, std::string const& directory, lsn_type after) {
    env::create_own_directory(environment, directory);
    auto file = environment.open(env::join(directory, detail::segment_name(1)), env::open_mode::create);
    file.write_at(0, detail::segment_header(1, after));
    file.sync();
    environment.sync_directory(directory);
}

}  // namespace phantomdb::storage
