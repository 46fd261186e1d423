/// @file Defines checkpoints: everything a store held after one LSN, in one file, so that the log below can go.
///
/// A checkpoint file is called checkpoint-<its LSN in hex>:
///
///     header   "PhantomC" · u32 format (1) · u32 0 · u64 LSN
///     blocks   u32 bytes · u32 CRC32C of the bytes · entries; an entry: varint key length · key · varint value length · value,
///              in rising order of the keys
///     end      u32 0 · u32 CRC32C of header and count · u64 count of entries
///
/// It is written under another name, synced and then renamed: a file of this name is complete.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::storage {

namespace detail {

inline constexpr std::uint32_t checkpoint_format = 1;
inline constexpr std::string_view checkpoint_magic = "PhantomC";
inline constexpr std::string_view checkpoint_prefix = "checkpoint-";
inline constexpr std::string_view unfinished_checkpoint = "unfinished-checkpoint";
inline constexpr std::size_t checkpoint_header_bytes = 24;
inline constexpr std::size_t checkpoint_block_bytes = 256 * 1024;

inline std::string checkpoint_name(lsn_type lsn) {
    char name[48];
    std::snprintf(name, sizeof name, "checkpoint-%016llx", static_cast<unsigned long long>(lsn));
    return name;
}

inline std::string checkpoint_header(lsn_type lsn) {
    std::string header(checkpoint_magic);
    codec::append_fixed(header, checkpoint_format);
    codec::append_fixed(header, std::uint32_t{0});
    codec::append_fixed(header, lsn);
    return header;
}

}  // namespace detail

/// Writes what `snapshot` shows to a checkpoint in `directory`, durably, and removes older ones. The bytes of the file.
/// Throws disk_full or io_error, and leaves the older checkpoint then. Any thread, one at a time; writers go on meanwhile.
template <env::environment Environment, store_snapshot Snapshot>
std::uint64_t write_checkpoint(Environment& environment, std::string const& directory, Snapshot const& snapshot) {
    std::string const unfinished = env::join(directory, detail::unfinished_checkpoint);
    std::string const header = detail::checkpoint_header(snapshot.lsn());
    std::uint64_t offset = 0;
    try {
        auto file = environment.open(unfinished, env::open_mode::create);
        auto const write = [&](std::string_view bytes) {
            file.write_at(offset, bytes);
            offset += bytes.size();
        };
        write(header);
        std::string block(8, '\0');
        auto const write_block = [&] {
            codec::store_fixed(block.data(), static_cast<std::uint32_t>(block.size() - 8));
            codec::store_fixed(block.data() + 4, codec::crc32c(std::string_view(block).substr(8)));
            write(block);
            block.resize(8);
        };
        std::uint64_t count = 0;
        std::vector<slice> entries(512);
        auto cursor = snapshot.cursor();
        cursor.seek({});
        while (std::size_t const n = cursor.next_chunk(entries, {})) {
            for (std::size_t i = 0; i < n; ++i) {
                codec::append_bytes(block, entries[i].key);
                codec::append_bytes(block, entries[i].value);
                if (block.size() >= detail::checkpoint_block_bytes) write_block();
            }
            count += n;
        }
        if (block.size() > 8) write_block();
        std::string number;
        codec::append_fixed(number, count);
        std::string end;
        codec::append_fixed(end, std::uint32_t{0});
        codec::append_fixed(end, codec::crc32c(number, codec::crc32c(header)));
        write(end + number);
        file.sync();
    } catch (error const&) {
        environment.remove(unfinished);
        throw;
    }
    std::string const name = detail::checkpoint_name(snapshot.lsn());
    environment.rename(unfinished, env::join(directory, name));
    environment.sync_directory(directory);
    for (std::string const& other : environment.list(directory)) {
        if (other.starts_with(detail::checkpoint_prefix) && other < name)
            environment.remove(env::join(directory, other));
    }
    return offset;
}

/// Loads the newest checkpoint of `directory` into `store`, which is empty, and gives its LSN; 0 where there is none.
/// Throws data_corrupted where it is damaged.
template <env::environment Environment, ordered_store Store>
lsn_type load_checkpoint(Environment& environment, std::string const& directory, Store& store) {
    std::string newest;
    for (std::string const& name : environment.list(directory)) {
        if (name.starts_with(detail::checkpoint_prefix) && name > newest) newest = name;
    }
    environment.remove(env::join(directory, detail::unfinished_checkpoint));
    if (newest.empty()) return 0;

    std::string const path = env::join(directory, newest);
    auto const file = environment.open(path, env::open_mode::read);
    std::uint64_t offset = 0;
    auto const damaged = [&]() {
        return error(errc::data_corrupted,
                     "checkpoint file \"" + path + "\" is damaged near offset " + std::to_string(offset))
            .with_hint("Restore the directory from a backup.");
    };
    std::string bytes;
    auto const read = [&](std::size_t size) {
        bytes.resize(size);
        if (file.read_at(offset, bytes) != size) throw damaged();
        offset += size;
        return std::string_view(bytes);
    };
    std::string const header(read(detail::checkpoint_header_bytes));
    if (!header.starts_with(detail::checkpoint_magic)) throw damaged();
    std::uint32_t const format = codec::load_fixed<std::uint32_t>(header.data() + 8);
    if (format != detail::checkpoint_format) {
        throw error(errc::feature_not_supported, "checkpoint file \"" + path + "\" has format " +
                                                     std::to_string(format) +
                                                     ", which this version of PhantomDB does not know");
    }
    lsn_type const lsn = codec::load_fixed<std::uint64_t>(header.data() + 16);
    std::uint64_t const size = file.size();
    std::uint64_t count = 0;
    write_batch batch;
    for (;;) {
        std::string_view const frame = read(8);
        std::uint32_t const length = codec::load_fixed<std::uint32_t>(frame.data());
        std::uint32_t const checksum = codec::load_fixed<std::uint32_t>(frame.data() + 4);
        if (length == 0) {
            std::string_view const number = read(8);
            if (codec::crc32c(number, codec::crc32c(header)) != checksum) throw damaged();
            if (codec::load_fixed<std::uint64_t>(number.data()) != count) throw damaged();
            store.apply({}, lsn);
            return lsn;
        }
        if (length > size - offset) throw damaged();
        std::string_view block = read(length);
        if (codec::crc32c(block) != checksum) throw damaged();
        batch.clear();
        while (!block.empty()) {
            std::string_view key;
            std::string_view value;
            if (!codec::take_bytes(block, key) || !codec::take_bytes(block, value)) throw damaged();
            batch.put(key, value);
        }
        count += batch.size();
        store.apply(batch, lsn);
    }
}

}  // namespace phantomdb::storage
