/// @file Defines `btree_root`, where everything in the file of a B+tree hangs.
///
///     pages 0 and 1   each a root, and after a checkpoint both the same one:
///                     "PhantomB" · u32 CRC32C of all that follows in the page · u32 format (1) · u32 bytes of a page ·
///                     u32 pages of the file · u64 generation · u64 LSN · u64 version of the tree · u64 keys ·
///                     u64 word of the root node (0: no keys) · u32 first page of the map · u32 pages of the map ·
///                     u32 CRC32C of these pages · zeros
///     the map         one bit for each page of the file, the lowest bit of the first byte for page 0; set: in use; zeros
///     other pages     nodes and values (`page_format.hpp`)
///
/// A checkpoint writes pages that no root means, then one root, and when that is durable the other. Only then are pages
/// of the checkpoint before used again. So whichever root can be read is right; where both can, the later generation.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/btree/page_file.hpp>
#include <phantomdb/storage/btree/page_format.hpp>
#include <phantomdb/storage/btree/space_map.hpp>
#include <phantomdb/storage/write_batch.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace phantomdb::storage {

struct btree_root {
    static constexpr std::string_view magic = "PhantomB";
    static constexpr std::uint32_t format = 1;

    std::uint32_t pages = first_tree_page;  ///< of the file
    std::uint64_t generation = 1;
    lsn_type lsn = 0;
    std::uint64_t version = 1;
    std::uint64_t keys = 0;
    std::uint64_t root = 0;
    page_run map{};
    std::uint32_t map_checksum = 0;

    /// The page that keeps this root.
    std::string sealed(std::uint32_t page_bytes) const {
        std::string rest;
        codec::append_fixed(rest, format);
        codec::append_fixed(rest, page_bytes);
        codec::append_fixed(rest, pages);
        codec::append_fixed(rest, generation);
        codec::append_fixed(rest, lsn);
        codec::append_fixed(rest, version);
        codec::append_fixed(rest, keys);
        codec::append_fixed(rest, root);
        codec::append_fixed(rest, map.first);
        codec::append_fixed(rest, map.count);
        codec::append_fixed(rest, map_checksum);
        rest.resize(page_bytes - rest_offset, '\0');
        std::string page(magic);
        codec::append_fixed(page, codec::crc32c(rest));
        return page + rest;
    }

    /// What a page that may be a root turned out to be.
    enum class reading : std::uint8_t { good, bad, unknown_format };

    static reading read(std::string_view page, std::uint32_t page_bytes, btree_root& into) {
        if (!page.starts_with(magic) || page.size() < page_bytes) return reading::bad;
        bool const intact =
            codec::load_fixed<std::uint32_t>(page.data() + 8) == codec::crc32c(page.substr(rest_offset));
        char const* at = page.data() + rest_offset;
        auto const take = [&]<class T>(T& value) {
            value = codec::load_fixed<T>(at);
            at += sizeof value;
        };
        std::uint32_t written_format = 0;
        std::uint32_t written_page_bytes = 0;
        take(written_format);
        take(written_page_bytes);
        if (written_format != format || written_page_bytes != page_bytes) return reading::unknown_format;
        if (!intact) return reading::bad;
        take(into.pages);
        take(into.generation);
        take(into.lsn);
        take(into.version);
        take(into.keys);
        take(into.root);
        take(into.map.first);
        take(into.map.count);
        take(into.map_checksum);
        bool const sound =
            into.pages >= first_tree_page && into.version > 0 &&
            (into.root == 0 || (page_of(into.root) >= first_tree_page && page_of(into.root) < into.pages)) &&
            (into.root == 0) == (into.keys == 0) && into.map.first < into.pages &&
            into.map.count <= into.pages - into.map.first &&
            std::uint64_t{into.map.count} * page_bytes * 8 >= (into.map.count == 0 ? 0 : into.pages);
        return sound ? reading::good : reading::bad;
    }

    /// The root of `file`, which is in page `slot`. `same` says whether it is in the other one too.
    /// Throws data_corrupted where there is none, feature_not_supported where it is of another version of PhantomDB.
    static btree_root find(page_file& file, std::uint32_t page_bytes, std::uint32_t& slot, bool& same) {
        std::array<btree_root, 2> roots;
        std::array<reading, 2> found{};
        for (std::size_t i = 0; i < 2; ++i) {
            std::string page(page_bytes, '\0');
            page.resize(file.read(i * page_bytes, page));
            found[i] = read(page, page_bytes, roots[i]);
        }
        bool const first = found[0] == reading::good;
        bool const second = found[1] == reading::good;
        if (!first && !second) {
            if (found[0] == reading::unknown_format) {
                throw error(errc::feature_not_supported, "file \"" + file.path() +
                                                             "\" has a format or a page size that this version of "
                                                             "PhantomDB does not know")
                    .with_hint("Open it with the version of PhantomDB that wrote it.");
            }
            throw error(errc::data_corrupted, "file \"" + file.path() +
                                                  "\" is damaged: neither of its roots, in pages 0 and 1 at "
                                                  "offsets 0 and " +
                                                  std::to_string(page_bytes) + ", can be read")
                .with_hint("Restore the directory from a backup.");
        }
        same = first && second && roots[0].generation == roots[1].generation;
        slot = first && (!second || roots[0].generation >= roots[1].generation) ? 0 : 1;
        return roots[slot];
    }

    /// The map of what is in use as of this root. Throws data_corrupted.
    page_bits read_map(page_file& file, std::uint32_t page_bytes) const {
        page_bits bits;
        bits.set(0, first_tree_page);
        if (map.count == 0) return bits;
        std::string bytes(std::size_t{map.count} * page_bytes, '\0');
        std::uint64_t const offset = std::uint64_t{map.first} * page_bytes;
        if (file.read(offset, bytes) < bytes.size() || codec::crc32c(bytes) != map_checksum) {
            throw damaged_page(file.path(), map.first, page_bytes, "the map of the pages in use can't be read");
        }
        bits.words().resize((std::size_t{pages} + 63) / 64);
        std::memcpy(bits.words().data(), bytes.data(), bits.words().size() * 8);
        return bits;
    }

private:
    static constexpr std::size_t rest_offset = 12;
};

}  // namespace phantomdb::storage
