/// @file Defines how the segments of a commit log are checked, and how a log is begun at any position.
#pragma once

#include <phantomdb/env/environment.hpp>
#include <phantomdb/storage/log_segment.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

namespace detail {

inline bool is_segment_name(std::string_view name) {
    return name.size() == segment_prefix.size() + 16 && name.starts_with(segment_prefix) &&
           name.find_first_not_of("0123456789abcdef", segment_prefix.size()) == std::string_view::npos;
}
inline std::uint64_t number_of(std::string const& name) {
    return std::stoull(name.substr(name.size() - 16), nullptr, 16);
}

template <env::environment Environment>
std::string read_whole(Environment& environment, std::string const& path) {
    auto const file = environment.open(path, env::open_mode::read);
    std::string bytes(file.size(), '\0');
    bytes.resize(file.read_at(0, bytes));
    return bytes;
}

/// Reports each place of a segment where something that belongs to the records up to `held` cannot be read.
inline void verify_segment(std::string const& path, std::string_view bytes, std::uint64_t number,
                           segment_identity identity, lsn_type last, lsn_type held, verification const& to) {
    auto const report = [&](std::uint64_t offset, std::string what) {
        if (to.on_finding) to.on_finding({path, offset, std::move(what)});
    };
    auto const header = parse_header(bytes, number);
    if (!header || header->previous != last) report(0, "the header of the segment is damaged");
    std::uint64_t offset = segment_header_bytes;
    while (last < held) {
        std::optional<log_record> record;
        std::uint64_t at = offset;
        for (; at + record_header_bytes <= bytes.size(); at += 8) {
            record = parse_record(bytes.substr(at), identity);
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
        std::optional<detail::segment> next;  // what the header of the next segment says
        if (i + 1 < names.size() && detail::number_of(names[i + 1]) == number + 1) {
            std::string const following = detail::read_whole(environment, env::join(directory, names[i + 1]));
            next = detail::parse_header(following, number + 1);
        }
        auto const header = detail::parse_header(bytes, number);
        lsn_type const previous = header ? header->previous : known.value_or(0);
        // Without its header a segment is known by what its first record says.
        detail::segment_identity const identity =
            header ? header->identity
            : bytes.size() >= detail::segment_header_bytes + detail::record_header_bytes
                ? detail::load_identity(bytes.data() + detail::segment_header_bytes)
                : detail::identity_of(number, 0);
        if (next) {
            detail::verify_segment(path, bytes, number, identity, previous, next->previous, to);
        } else if (header || detail::holds_records(bytes, number) || i + 1 < names.size()) {
            // Only what a record behind proves to have been durable is missed.
            lsn_type proven = previous;
            for (std::uint64_t at = detail::segment_header_bytes; at + detail::record_header_bytes <= bytes.size();
                 at += 8) {
                auto const record = detail::parse_record(std::string_view(bytes).substr(at), identity);
                if (record) proven = std::max(proven, record->synced), at += record->size - 8;
            }
            detail::verify_segment(path, bytes, number, identity, previous, proven, to);
        }
        known.reset();
        if (next) known = next->previous;
        if (to.on_progress) to.on_progress(i + 1, names.size());
    }
}

/// Makes a log in `directory`, which has none, that continues after `after`. Durable when it returns.
template <env::environment Environment>
void begin_log(Environment& environment, std::string const& directory, lsn_type after) {
    env::create_own_directory(environment, directory);
    auto file = environment.open(env::join(directory, detail::segment_name(1)), env::open_mode::create);
    std::array<char, 4> salt{};
    environment.fill_random(salt);
    file.write_at(
        0, detail::make_header({1, after, detail::identity_of(1, codec::load_fixed<std::uint32_t>(salt.data()))}));
    file.sync();
    environment.sync_directory(directory);
}

}  // namespace phantomdb::storage
