/// @file Defines `btree_verifier`, which reads everything that a root of a B+tree means and reports what is wrong.
#pragma once

#include <phantomdb/storage/btree/btree_root.hpp>
#include <phantomdb/storage/btree/page_file.hpp>
#include <phantomdb/storage/btree/page_format.hpp>
#include <phantomdb/storage/btree/space_map.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::storage {

/// Reads the file itself, past every cache. What the root means must not be overwritten meanwhile. Used once.
class btree_verifier {
public:
    btree_verifier(page_file& file, std::size_t page_bytes, btree_root const& root, verification const& to)
        : file_(file), page_bytes_(page_bytes), root_(root), to_(to) {}

    /// Throws io_error where the file can't be read at all.
    void run() {
        page_bits in_use;
        try {
            in_use = root_.read_map(file_, static_cast<std::uint32_t>(page_bytes_));
        } catch (error const& e) {
            if (e.code != errc::data_corrupted) throw;
            report(root_.map.first, e.message);
            return;
        }
        for (std::uint32_t page = 0; page < root_.pages; ++page) total_ += in_use.test(page) ? 1 : 0;
        reach(0, first_tree_page);
        if (root_.map.count > 0) reach(root_.map.first, root_.map.count);
        std::uint64_t const keys = root_.root == 0 ? 0 : visit(root_.root, any_level, {}, {}, false);
        if (keys != root_.keys && !incomplete_) {
            report(0, "the root counts " + std::to_string(root_.keys) + " keys, but there are " + std::to_string(keys));
        }
        for (std::uint32_t page = 0; page < root_.pages && !incomplete_; ++page) {
            if (in_use.test(page) == reached_.test(page)) continue;
            report(page, reached_.test(page) ? "the map calls the page free, but it is used"
                                             : "the map calls the page used, but nothing leads to it");
        }
    }

private:
    void report(std::uint32_t page, std::string what) {
        if (to_.on_finding) to_.on_finding({file_.path(), std::uint64_t{page} * page_bytes_, std::move(what)});
    }

    /// False where the pages have been met before.
    bool reach(std::uint32_t first, std::uint32_t count) {
        bool fresh = true;
        for (std::uint32_t i = 0; i < count; ++i) fresh = fresh && !reached_.test(first + i);
        if (!fresh) report(first, "the page is used twice");
        reached_.set(first, count);
        done_ += count;
        if (to_.on_progress) to_.on_progress(std::min(done_, total_) * page_bytes_, total_ * page_bytes_);
        return fresh;
    }

    /// The keys below `word`, which have to lie in [from, to); `to` means something where `bounded`.
    std::uint64_t visit(std::uint64_t word, unsigned level, std::string_view from, std::string_view to, bool bounded) {
        std::uint32_t const page = page_of(word);
        if (!reach(page, 1)) return incomplete();
        std::vector<char> bytes(page_bytes_);
        std::size_t const size = file_.read(std::uint64_t{page} * page_bytes_, bytes);
        std::string_view fault = "the file ends before it";
        if (size == page_bytes_) fault = fault_of_page(bytes.data(), word, level, page_bytes_, root_.pages);
        if (!fault.empty()) {
            report(page, std::string(fault));
            return incomplete();
        }
        auto const& node = *reinterpret_cast<tree_node const*>(bytes.data() + sizeof(frame));
        if (node.birth > root_.version) report(page, "the page is newer than the root");
        unsigned const compared = node.first_compared();
        if (node.count > compared) {
            if (node.key(compared) < from) report(page, "a key is below the bounds of its page");
            if (bounded && node.key(node.count - 1u) >= to) report(page, "a key is above the bounds of its page");
        }
        if (node.level == 0) {
            for (unsigned i = 0; i < node.count; ++i) {
                if (node.is_outside(i)) check_value(value_reference::of(node.payload(i)));
            }
            return node.count;
        }
        std::uint64_t keys = 0;
        for (unsigned i = 0; i < node.count; ++i) {
            bool const last = i + 1u == node.count;
            std::uint64_t const below = visit(node.child(i), node.level - 1u, i == 0 ? from : node.key(i),
                                              last ? to : node.key(i + 1), last ? bounded : true);
            if (below != node.keys_below(i) && !incomplete_) {
                report(page, "the page counts " + std::to_string(node.keys_below(i)) + " keys below page " +
                                 std::to_string(page_of(node.child(i))) + ", but there are " + std::to_string(below));
            }
            keys += below;
        }
        return keys;
    }

    void check_value(value_reference const& value) {
        auto const first = static_cast<std::uint32_t>(value.place);
        std::uint32_t const pages = pages_for(value.size, page_bytes_);
        if (!reach(first, pages)) return;
        std::uint32_t checksum = 0;
        bool padded = true;
        std::vector<char> part(std::size_t{64} * page_bytes_);
        for (std::uint64_t at = 0; at < std::uint64_t{pages} * page_bytes_; at += part.size()) {
            std::size_t const wanted = std::min<std::uint64_t>(part.size(), std::uint64_t{pages} * page_bytes_ - at);
            std::size_t const size = file_.read(std::uint64_t{first} * page_bytes_ + at, {part.data(), wanted});
            if (size < wanted) return report(first, "the file ends within a value");
            std::size_t const used = std::min<std::uint64_t>(wanted, value.size > at ? value.size - at : 0);
            checksum = codec::crc32c({part.data(), used}, checksum);
            for (std::size_t i = used; i < wanted; ++i) padded = padded && part[i] == '\0';
        }
        if (checksum != value.checksum) report(first, "the checksum of a value is wrong");
        if (!padded) report(first, "there is something behind the end of a value");
    }

    std::uint64_t incomplete() {
        incomplete_ = true;
        return 0;
    }

    page_file& file_;
    std::size_t page_bytes_;
    btree_root root_;
    verification const& to_;
    page_bits reached_;
    std::uint64_t done_ = 0, total_ = 0;  // pages
    bool incomplete_ = false;             // a page could not be read, so counts and the map can't be compared
};

}  // namespace phantomdb::storage
