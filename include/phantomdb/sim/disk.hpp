/// @file Defines `disk`: files and directories as a program sees them, and as a loss of power may leave them.
///
/// 1. A file has contents as readers see them, contents that are surely on the medium, and the changes between the two in
///    order. A change carries whole sectors as the cache had them after it, so a sector on the medium is that of one moment.
/// 2. `sync` puts the changed sectors and the size on the medium. A failed sync does as Linux does: some of the changed
///    sectors get there, the others are forgotten as if they had; readers see them still, the next sync succeeds.
/// 3. Names are changed in a list of their own, until the directory is synced.
/// 4. `after_power_cut` chooses by seed what of all that had reached the medium, see `cut`. It is never more forgiving than
///    POSIX allows: names may be forgotten in any order, but a rename happens as a whole; a size is one that the file had; what
///    a file grew by without its bytes reaching the medium reads as zeros.
///
/// Not thread-safe; `machine` locks.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/sim/random.hpp>
#include <phantomdb/sim/shared_bytes.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::sim {

inline constexpr std::uint64_t sector_bytes = 512;

/// How a loss of power chooses among what was not synced.
class cut {
public:
    enum class shape : std::uint8_t {
        nothing,  ///< none of it survives
        all,      ///< all of it
        files,    ///< contents, but no names
        names,    ///< names, but no contents
        prefix,   ///< what came first, as a journal keeps it; the last write torn
        subset,   ///< any
    };

    explicit cut(std::uint64_t seed) : random_(seed) {
        shape_ = seed < 4 ? static_cast<shape>(seed) : random_.chance(1, 3) ? shape::prefix : shape::subset;
        tear_bytes_ = random_.chance(1, 2) ? sector_bytes : shared_bytes::page_bytes;
        constexpr std::uint64_t parts[]{1, 4, 7};
        part_ = parts[random_.below(3)];
    }

    shape kind() const { return shape_; }
    std::uint64_t tear_bytes() const { return tear_bytes_; }
    bool survives() { return random_.chance(part_, 8); }
    /// One of 0 … most.
    std::size_t choose(std::size_t most) { return static_cast<std::size_t>(random_.below(most + 1)); }

private:
    random_source random_;
    shape shape_;
    std::uint64_t tear_bytes_;
    std::uint64_t part_;  // eighths
};

class file_node {
public:
    shared_bytes const& bytes() const { return now_; }

    void write(std::uint64_t offset, std::string_view bytes) {
        if (bytes.empty()) return;
        now_.write(offset, bytes);
        std::uint64_t const from = offset / sector_bytes * sector_bytes;
        std::uint64_t const to = (offset + bytes.size() + sector_bytes - 1) / sector_bytes * sector_bytes;
        std::string sectors(static_cast<std::size_t>(to - from), '\0');
        now_.read(from, sectors);
        unsynced_.push_back({from, std::make_shared<std::string const>(std::move(sectors)), now_.size()});
    }

    void resize(std::uint64_t size) {
        if (size == now_.size()) return;
        now_.resize(size);
        unsynced_.push_back({0, nullptr, size});
    }

    void sync() {
        durable_ = forgot_ ? with_all(durable_) : now_;
        unsynced_.clear();
    }

    /// Some of what is not synced reaches the medium, and the rest never will.
    void fail_sync(std::uint64_t seed) {
        cut chosen(seed);
        shared_bytes written = durable_;
        for (change& c : unsynced_) {
            for (std::size_t at = 0; c.sectors != nullptr && at < c.sectors->size(); at += sector_bytes) {
                if (chosen.survives())
                    written.write(c.offset + at, std::string_view(*c.sectors).substr(at, sector_bytes));
            }
            c.sectors = nullptr;  // sizes are kept in the journal, which does not forget
        }
        written.resize(chosen.choose(1) == 1 ? now_.size() : durable_.size());
        durable_ = std::move(written);
        forgot_ = true;
    }

    /// What a loss of power leaves.
    shared_bytes survivors(cut& chosen) const {
        using shape = cut::shape;
        if (unsynced_.empty() || chosen.kind() == shape::nothing || chosen.kind() == shape::names) return durable_;
        if (chosen.kind() == shape::all || chosen.kind() == shape::files) return with_all(durable_);
        bool const in_order = chosen.kind() == shape::prefix;
        std::size_t const kept = chosen.choose(unsynced_.size());  // changes whose size counts
        shared_bytes image = durable_;
        std::uint64_t size = image.size();
        for (std::size_t i = 0; i < unsynced_.size(); ++i) {
            change const& c = unsynced_[i];
            if (i < kept) size = c.size_after;
            if (c.sectors == nullptr) {
                if (i < kept) image.resize(c.size_after);
                continue;
            }
            if (in_order && i > kept) break;
            std::string_view const sectors = *c.sectors;
            // In order, the write that was under way is torn: it got as far as it got.
            bool const torn = in_order && i == kept;
            std::uint64_t const reached = torn ? chosen.choose(sectors.size()) : sectors.size();
            if (torn && chosen.choose(1) == 1) size = c.size_after;
            for (std::uint64_t at = 0; at < sectors.size();) {
                std::uint64_t const tear = chosen.tear_bytes();
                std::uint64_t const end =
                    std::min<std::uint64_t>(sectors.size(), ((c.offset + at) / tear + 1) * tear - c.offset);
                if (in_order ? end <= reached : chosen.survives()) {
                    image.write(c.offset + at,
                                sectors.substr(static_cast<std::size_t>(at), static_cast<std::size_t>(end - at)));
                }
                at = end;
            }
        }
        image.resize(size);
        return image;
    }

    /// As if it had been so for ever.
    void settle(shared_bytes bytes) {
        now_ = durable_ = std::move(bytes);
        unsynced_.clear();
        forgot_ = false;
    }

private:
    struct change {
        std::uint64_t offset;                        // a multiple of a sector
        std::shared_ptr<std::string const> sectors;  // whole ones; null where only the size changed
        std::uint64_t size_after;
    };

    shared_bytes with_all(shared_bytes image) const {
        std::uint64_t size = image.size();
        for (change const& c : unsynced_) {
            size = c.size_after;
            if (c.sectors == nullptr) {
                image.resize(size);
            } else {
                image.write(c.offset, *c.sectors);
            }
        }
        image.resize(size);
        return image;
    }

    shared_bytes now_, durable_;
    std::vector<change> unsynced_;
    bool forgot_ = false;  // a failed sync made `durable_` differ from `now_` without a change that tells
};

/// The tree of names. Paths have '/' between names; the folder "" (and "/") is always there.
class disk {
public:
    /// A file, or a directory where `file` is null.
    struct node {
        std::unique_ptr<file_node> file;
    };
    using node_pointer = std::shared_ptr<node>;

    static std::string_view parent(std::string_view path) {
        std::size_t const slash = path.find_last_of('/');
        return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    }

    node* find(std::string_view path) const {
        auto const at = names_.find(path);
        return at == names_.end() ? nullptr : at->second.get();
    }
    node_pointer find_shared(std::string_view path) const {
        auto const at = names_.find(path);
        return at == names_.end() ? nullptr : at->second;
    }
    bool is_directory(std::string_view path) const {
        if (path.empty() || path == "/" || path == ".") return true;
        node const* const found = find(path);
        return found != nullptr && found->file == nullptr;
    }

    node_pointer create_file(std::string const& path) { return create(path, std::make_unique<file_node>()); }
    node_pointer create_directory(std::string const& path) { return create(path, nullptr); }

    void rename(std::string const& from, std::string const& to) {
        auto const at = names_.find(from);
        node_pointer const moved = at->second;
        names_.erase(at);
        names_[to] = moved;
        unsynced_.push_back({from, to, moved, false});
    }
    void remove(std::string const& path) {
        auto const at = names_.find(path);
        unsynced_.push_back({path, {}, at->second, false});
        names_.erase(at);
    }

    std::vector<std::string> list(std::string_view directory) const {
        std::vector<std::string> found;
        std::string const prefix = directory.empty() ? std::string() : std::string(directory) + "/";
        for (auto at = names_.lower_bound(prefix); at != names_.end() && at->first.starts_with(prefix); ++at) {
            std::string const name = at->first.substr(prefix.size());
            if (!name.empty() && name.find('/') == std::string::npos) found.push_back(name);
        }
        return found;
    }
    /// Every file, by path.
    std::vector<std::string> files() const {
        std::vector<std::string> found;
        for (auto const& [path, held] : names_) {
            if (held->file != nullptr) found.push_back(path);
        }
        return found;
    }
    std::uint64_t used() const {
        std::uint64_t bytes = 0;
        for (auto const& [path, held] : names_) {
            if (held->file != nullptr) bytes += held->file->bytes().size();
        }
        return bytes;
    }

    /// Names in `directory` become durable, and with a rename into or out of another directory those in there too.
    void sync_directory(std::string_view directory) {
        std::set<std::string_view> together{directory};
        for (bool grew = true; grew;) {
            grew = false;
            for (name_change const& c : unsynced_) {
                if (c.to.empty()) continue;
                std::string_view const one = parent(c.path);
                std::string_view const other = parent(c.to);
                if (together.contains(one) != together.contains(other)) {
                    together.insert(one);
                    together.insert(other);
                    grew = true;
                }
            }
        }
        std::vector<name_change> rest;
        for (name_change& c : unsynced_) {
            if (together.contains(parent(c.path))) {
                c.apply(durable_names_);
            } else {
                rest.push_back(std::move(c));
            }
        }
        unsynced_ = std::move(rest);
    }

    /// The disk after a loss of power now. Costs a few pointers a page; contents are shared.
    disk after_power_cut(std::uint64_t seed) const {
        cut chosen(seed);
        name_map survivors = durable_names_;
        std::size_t const kept = chosen.kind() == cut::shape::prefix ? chosen.choose(unsynced_.size()) : 0;
        for (std::size_t i = 0; i < unsynced_.size(); ++i) {
            bool survives = false;
            switch (chosen.kind()) {
                case cut::shape::nothing:
                case cut::shape::files: break;
                case cut::shape::all:
                case cut::shape::names: survives = true; break;
                case cut::shape::prefix: survives = i < kept; break;
                case cut::shape::subset: survives = chosen.survives(); break;
            }
            if (survives) unsynced_[i].apply(survivors);
        }
        disk after;
        for (auto const& [path, held] : survivors) {  // a directory comes before what is in it
            std::string_view const folder = parent(path);
            if (!after.is_directory(folder)) continue;
            auto copy = std::make_shared<node>();
            if (held->file != nullptr) {
                copy->file = std::make_unique<file_node>();
                copy->file->settle(held->file->survivors(chosen));
            }
            after.names_.emplace(path, std::move(copy));
        }
        after.durable_names_ = after.names_;
        return after;
    }

    /// The disk as it is, with what is not synced: what the next process finds after this one was killed.
    disk copy() const {
        disk other;
        std::map<node const*, node_pointer> copies;
        auto const copied = [&](node_pointer const& held) {
            node_pointer& made = copies[held.get()];
            if (made == nullptr) {
                made = std::make_shared<node>();
                if (held->file != nullptr) made->file = std::make_unique<file_node>(*held->file);
            }
            return made;
        };
        for (auto const& [path, held] : names_) other.names_.emplace(path, copied(held));
        for (auto const& [path, held] : durable_names_) other.durable_names_.emplace(path, copied(held));
        for (name_change const& c : unsynced_) other.unsynced_.push_back({c.path, c.to, copied(c.what), c.created});
        return other;
    }

private:
    using name_map = std::map<std::string, node_pointer, std::less<>>;

    /// `what` was created as `path`, removed from there, or renamed from there to `to`.
    struct name_change {
        std::string path, to;
        node_pointer what;
        bool created;

        void apply(name_map& names) const {
            if (created) {
                names[path] = what;
                return;
            }
            auto const at = names.find(path);
            if (at != names.end() && at->second == what) names.erase(at);
            if (!to.empty()) names[to] = what;
        }
    };

    node_pointer create(std::string const& path, std::unique_ptr<file_node> file) {
        auto made = std::make_shared<node>();
        made->file = std::move(file);
        names_[path] = made;
        unsynced_.push_back({path, {}, made, true});
        return made;
    }

    name_map names_, durable_names_;
    std::vector<name_change> unsynced_;
};

}  // namespace phantomdb::sim
