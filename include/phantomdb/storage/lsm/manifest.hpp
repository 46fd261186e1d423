/// @file Defines `manifest`, the list of runs that make up a store, and how one takes the place of another.
///
/// A manifest file is called manifest-<its number in hex>:
///
///     head     "PhantomM" · u32 format (1) · u32 CRC32C of head and body without this field
///     body     u64 its number · u64 applied LSN · u64 number of the next run file · varint count of runs, newest first; for each:
///              varint level · u8 role (`run_role`) · varint count of pieces; for each: varint number of the file · varint bytes ·
///              u32 CRC32C of its footer · varint length · from
///
/// Writing: all runs it names are durable, with their names. It is written under another name, synced, renamed to the
/// next number, and the directory synced: what has this name is complete. The one before stays, with all files it
/// names, until the next.
///
/// Opening: the newest counts. Should it be damaged, the one before does, where all of its files are there: the store then
/// is older, and says so by its applied LSN; the log has to reach down to that, or refuses. Nothing is removed then.
#pragma once

#include <phantomdb/storage/lsm/disk_health.hpp>
#include <phantomdb/storage/lsm/run_writer.hpp>
#include <phantomdb/storage/lsm/sorted_run.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

inline constexpr std::uint32_t manifest_format = 1;
inline constexpr std::string_view manifest_magic = "PhantomM";
inline constexpr std::string_view manifest_prefix = "manifest-";
inline constexpr std::string_view unfinished_manifest = "unfinished-manifest";

/// A value.
struct manifest {
    struct piece {
        run_record record;
        std::string from;
    };
    struct run {
        unsigned level = 0;
        run_role role = run_role::settled;
        std::vector<piece> pieces;
    };
    std::uint64_t number = 0;
    lsn_type applied = 0;
    std::uint64_t next_file = 1;
    std::vector<run> runs;

    std::set<std::uint64_t> files() const {
        std::set<std::uint64_t> found;
        for (run const& r : runs) {
            for (piece const& p : r.pieces) found.insert(p.record.number);
        }
        return found;
    }

    std::string encode() const {
        std::string body;
        codec::append_fixed(body, number);
        codec::append_fixed(body, applied);
        codec::append_fixed(body, next_file);
        codec::append_varint(body, runs.size());
        for (run const& r : runs) {
            codec::append_varint(body, r.level);
            body.push_back(static_cast<char>(r.role));
            codec::append_varint(body, r.pieces.size());
            for (piece const& p : r.pieces) {
                codec::append_varint(body, p.record.number);
                codec::append_varint(body, p.record.bytes);
                codec::append_fixed(body, p.record.checksum);
                codec::append_bytes(body, p.from);
            }
        }
        std::string out(manifest_magic);
        codec::append_fixed(out, manifest_format);
        codec::append_fixed(out, codec::crc32c(body, codec::crc32c(out)));
        return out + body;
    }
    /// Throws data_corrupted, feature_not_supported.
    static manifest decode(std::string_view in, std::string const& path, std::uint64_t number) {
        if (in.size() < 40 || !in.starts_with(manifest_magic) ||
            codec::crc32c(in.substr(16), codec::crc32c(in.substr(0, 12))) !=
                codec::load_fixed<std::uint32_t>(in.data() + 12)) {
            throw damaged_file(path, 0, "The checksum of a list of runs is wrong.");
        }
        std::uint32_t const format = codec::load_fixed<std::uint32_t>(in.data() + 8);
        if (format != manifest_format) {
            throw error(errc::feature_not_supported, "file \"" + path + "\" has format " + std::to_string(format) +
                                                         ", which this version of PhantomDB does not know");
        }
        manifest m;
        m.number = codec::load_fixed<std::uint64_t>(in.data() + 16);
        m.applied = codec::load_fixed<std::uint64_t>(in.data() + 24);
        m.next_file = codec::load_fixed<std::uint64_t>(in.data() + 32);
        std::string_view rest = in.substr(40);
        if (m.number != number || !m.decode_runs(rest) || !rest.empty())
            throw damaged_file(path, in.size() - rest.size(), "A list of runs cannot be read.");
        return m;
    }

private:
    bool decode_runs(std::string_view& in) {
        std::uint64_t run_count = 0;
        if (!codec::take_varint(in, run_count) || run_count > in.size()) return false;
        for (std::uint64_t i = 0; i < run_count; ++i) {
            std::uint64_t level = 0, piece_count = 0;
            if (!codec::take_varint(in, level) || level > 255 || in.empty()) return false;
            auto const role = static_cast<std::uint8_t>(in.front());
            in.remove_prefix(1);
            if (role > 2 || !codec::take_varint(in, piece_count) || piece_count > in.size()) return false;
            runs.push_back({static_cast<unsigned>(level), static_cast<run_role>(role), {}});
            for (std::uint64_t j = 0; j < piece_count; ++j) {
                piece p;
                std::string_view from;
                if (!codec::take_varint(in, p.record.number) || !codec::take_varint(in, p.record.bytes) ||
                    in.size() < 4)
                    return false;
                p.record.checksum = codec::load_fixed<std::uint32_t>(in.data());
                in.remove_prefix(4);
                if (!codec::take_bytes(in, from) || p.record.number == 0 || p.record.number >= next_file) return false;
                p.from = from;
                runs.back().pieces.push_back(std::move(p));
            }
        }
        return true;
    }
};

/// Reads manifest `number`. Throws data_corrupted, feature_not_supported, io_error.
template <env::environment Environment>
manifest read_manifest(Environment& environment, std::string const& directory, std::uint64_t number) {
    std::string const path = env::join(directory, numbered_name(manifest_prefix, number));
    auto const file = environment.open(path, env::open_mode::read);
    std::string bytes(file.size(), '\0');
    bytes.resize(file.read_at(0, bytes));
    return manifest::decode(bytes, path, number);
}

/// Makes `next` the newest, durably. Runs it names are synced already, but not the directory.
/// Throws disk_full with the one before in force; what poisons where it is unknown which is in force.
template <env::environment Environment>
std::uint64_t write_manifest(writing<Environment> const& to, manifest const& next) {
    std::string const unfinished = env::join(to.directory, unfinished_manifest);
    std::string const name = env::join(to.directory, numbered_name(manifest_prefix, next.number));
    std::string const bytes = next.encode();
    {
        auto file = to.environment.open(unfinished, env::open_mode::create);
        file.write_at(0, bytes);
        to.health.sync([&] { file.sync(); });
    }
    to.health.sync([&] { to.environment.sync_directory(to.directory); });  // the names of the runs
    to.health.settle([&] { to.environment.rename(unfinished, name); },
                     [&] { return to.environment.exists(unfinished) && !to.environment.exists(name); });
    to.health.sync([&] { to.environment.sync_directory(to.directory); });
    to.written_bytes.fetch_add(bytes.size(), std::memory_order_relaxed);
    return bytes.size();
}

}  // namespace phantomdb::storage::lsm
