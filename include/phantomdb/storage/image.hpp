/// @file Defines images: everything a store held after one LSN, in one file. Backups are images.
///
///     header   "PhantomI" · u32 format (1) · u32 0 · u64 LSN · u32 0 · u32 CRC32C of the header so far
///     blocks   u32 bytes · u32 CRC32C · entries; an entry: varint key length · key · varint value length · value,
///              in rising order of the keys
///     end      u32 0 · u32 CRC32C · u64 count of entries
///
/// Each checksum goes on from the one before it: a block's covers the header's bytes and all entries up to its own last one, the
/// end's the count too. So nothing can be changed, left out or exchanged, and the last block's checksum stands for all of the content.
///
/// An image is written under another name, synced and then renamed: a file that has its name is complete.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// What an image holds. Two stores with the same facts (but for `bytes`) hold the same.
struct image_facts {
    lsn_type lsn = 0;
    std::uint64_t entries = 0;
    std::uint32_t checksum = 0;  ///< of LSN and content
    std::uint64_t bytes = 0;     ///< of the file
};

/// Told how far a long piece of work has come; what it throws ends the work.
using image_progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

namespace detail {

inline constexpr std::uint32_t image_format = 1;
inline constexpr std::string_view image_magic = "PhantomI";
inline constexpr std::size_t image_header_bytes = 32;
inline constexpr std::size_t image_block_bytes = 256 * 1024;

inline std::string image_header(lsn_type lsn) {
    std::string header(image_magic);
    codec::append_fixed(header, image_format);
    codec::append_fixed(header, std::uint32_t{0});
    codec::append_fixed(header, lsn);
    codec::append_fixed(header, std::uint32_t{0});
    codec::append_fixed(header, codec::crc32c(header));
    return header;
}

inline std::uint32_t image_end_checksum(std::uint32_t content, std::uint64_t count) {
    std::string number;
    codec::append_fixed(number, count);
    return codec::crc32c(number, content);
}

/// Calls `use(block)` with the entries of a snapshot as an image has them, cut into blocks; gives their facts (no `bytes`).
template <store_snapshot Snapshot, class Use>
image_facts for_each_image_block(Snapshot const& snapshot, image_progress const& progress, Use&& use) {
    image_facts facts;
    facts.lsn = snapshot.lsn();
    facts.checksum = codec::crc32c(image_header(facts.lsn));
    std::uint64_t const expected = progress ? snapshot.count({}, {}) : 0;
    std::string block;
    auto const hand_over = [&] {
        facts.checksum = codec::crc32c(block, facts.checksum);
        use(std::string_view(block), facts.checksum);
        block.clear();
        if (progress) progress(facts.entries, std::max(facts.entries, expected));
    };
    std::vector<slice> entries(512);
    auto cursor = snapshot.cursor();
    cursor.seek({});
    while (std::size_t const n = cursor.next_chunk(entries, {})) {
        for (std::size_t i = 0; i < n; ++i) {
            codec::append_bytes(block, entries[i].key);
            codec::append_bytes(block, entries[i].value);
            ++facts.entries;
            if (block.size() >= image_block_bytes) hand_over();
        }
    }
    if (!block.empty()) hand_over();
    if (progress) progress(facts.entries, facts.entries);
    return facts;
}

}  // namespace detail

/// What an image of `snapshot` would hold. Reads all of it. Progress is counted in entries.
template <store_snapshot Snapshot>
image_facts facts_of_snapshot(Snapshot const& snapshot, image_progress const& progress = {}) {
    return detail::for_each_image_block(snapshot, progress, [](std::string_view, std::uint32_t) {});
}

/// Writes what `snapshot` shows to the file `path`, durably, in the place of what has that name. Progress is counted in entries.
/// Throws disk_full, io_error, and what `progress` throws; then `path` is as it was. One at a time for a path; any thread;
/// writers of the store go on meanwhile.
template <env::environment Environment, store_snapshot Snapshot>
image_facts write_image(Environment& environment, std::string const& path, Snapshot const& snapshot,
                        image_progress const& progress = {}) {
    std::string const unfinished = path + ".unfinished";
    image_facts facts;
    try {
        auto file = environment.open(unfinished, env::open_mode::create);
        std::uint64_t offset = 0;
        auto const write = [&](std::string_view bytes) {
            file.write_at(offset, bytes);
            offset += bytes.size();
        };
        write(detail::image_header(snapshot.lsn()));
        std::string frame;
        facts = detail::for_each_image_block(snapshot, progress, [&](std::string_view block, std::uint32_t checksum) {
            frame.clear();
            codec::append_fixed(frame, static_cast<std::uint32_t>(block.size()));
            codec::append_fixed(frame, checksum);
            write(frame);
            write(block);
        });
        std::string end;
        codec::append_fixed(end, std::uint32_t{0});
        codec::append_fixed(end, detail::image_end_checksum(facts.checksum, facts.entries));
        codec::append_fixed(end, facts.entries);
        write(end);
        file.sync();
        facts.bytes = offset;
        environment.rename(unfinished, path);
    } catch (...) {
        try {
            environment.remove(unfinished);
        } catch (error const&) {  // the first failure is the one to tell
        }
        throw;
    }
    environment.sync_directory(env::parent(path));
    return facts;
}

/// Reads one image. Not thread-safe.
template <env::environment Environment>
class image_reader {
public:
    /// Throws io_error where there is no such file, data_corrupted where its header is damaged or another file's,
    /// feature_not_supported for a format of another version.
    image_reader(Environment& environment, std::string path)
        : path_(std::move(path)), file_(environment.open(path_, env::open_mode::read)), size_(file_.size()) {
        std::string const header(read(detail::image_header_bytes));
        if (!header.starts_with(detail::image_magic)) {
            throw error(errc::data_corrupted, "file \"" + path_ + "\" is no image of a database, or damaged");
        }
        if (codec::load_fixed<std::uint32_t>(header.data() + 28) !=
            codec::crc32c(std::string_view(header).substr(0, 28)))
            throw_damaged();
        std::uint32_t const format = codec::load_fixed<std::uint32_t>(header.data() + 8);
        if (format != detail::image_format) {
            throw error(errc::feature_not_supported, "image file \"" + path_ + "\" has format " +
                                                         std::to_string(format) +
                                                         ", which this version of PhantomDB does not know");
        }
        facts_.lsn = codec::load_fixed<std::uint64_t>(header.data() + 16);
        facts_.checksum = codec::crc32c(header);
        facts_.bytes = size_;
    }

    lsn_type lsn() const { return facts_.lsn; }

    /// Calls `use(key, value)` with every entry in rising order of the keys; what it gets is borrowed for the call, and was
    /// checked. That nothing is missing is known only at the end. Progress is counted in bytes. Once.
    /// Throws data_corrupted where the file is damaged, io_error, and what `use` and `progress` throw.
    template <class Use>
    image_facts read_entries(Use&& use, image_progress const& progress = {}) {
        std::string last;
        for (;;) {
            std::string_view const frame = read(8);
            std::uint32_t const length = codec::load_fixed<std::uint32_t>(frame.data());
            std::uint32_t const checksum = codec::load_fixed<std::uint32_t>(frame.data() + 4);
            if (length == 0) {
                std::uint64_t const count = codec::load_fixed<std::uint64_t>(read(8).data());
                if (count != facts_.entries || checksum != detail::image_end_checksum(facts_.checksum, count))
                    throw_damaged();
                if (offset_ != size_) throw_damaged();
                if (progress) progress(size_, size_);
                return facts_;
            }
            std::string_view block = read(length);
            facts_.checksum = codec::crc32c(block, facts_.checksum);
            if (facts_.checksum != checksum) throw_damaged();
            while (!block.empty()) {
                std::string_view key;
                std::string_view value;
                if (!codec::take_bytes(block, key) || !codec::take_bytes(block, value)) throw_damaged();
                if (facts_.entries > 0 && key <= last) throw_damaged();
                last = key;
                ++facts_.entries;
                use(key, value);
            }
            if (progress) progress(offset_, size_);
        }
    }

private:
    std::string_view read(std::size_t size) {
        if (size > size_ - offset_) throw_damaged();
        bytes_.resize(size);
        if (file_.read_at(offset_, bytes_) != size) throw_damaged();
        offset_ += size;
        return bytes_;
    }

    [[noreturn]] void throw_damaged() const {
        throw error(errc::data_corrupted,
                    "image file \"" + path_ + "\" is damaged near offset " + std::to_string(offset_))
            .with_hint("Use another copy of it.");
    }

    std::string path_;
    typename Environment::file_type file_;
    std::uint64_t size_, offset_ = 0;
    std::string bytes_;
    image_facts facts_;
};

/// Reads all of an image and checks it, to give its facts. Throws as `image_reader`.
template <env::environment Environment>
image_facts verify_image(Environment& environment, std::string const& path, image_progress const& progress = {}) {
    return image_reader<Environment>(environment, path)
        .read_entries([](std::string_view, std::string_view) {}, progress);
}

/// Loads the image `path` into `store`, which is empty, and gives its LSN; 0 where there is no such file. Throws as
/// `image_reader`; then the store holds a part of it.
template <env::environment Environment, ordered_store Store>
lsn_type load_image(Environment& environment, std::string const& path, Store& store) {
    if (!environment.exists(path)) return 0;
    image_reader<Environment> reader(environment, path);
    write_batch batch;
    reader.read_entries([&](std::string_view key, std::string_view value) {
        batch.put(key, value);
        if (batch.bytes().size() < detail::image_block_bytes) return;
        store.apply(batch, reader.lsn());
        batch.clear();
    });
    store.apply(batch, reader.lsn());
    return reader.lsn();
}

}  // namespace phantomdb::storage
