/// @file Defines `hybrid_snapshot` and `hybrid_cursor`: several engines read as one store.
///
/// The key space is cut into intervals, each in one engine: an object that is elsewhere, or what lies between two of those.
/// A cursor walks interval by interval, and sees of an engine only what the interval gives it: rows that a move is
/// still copying into another engine are there already, but not in its interval.
#pragma once

#include <phantomdb/storage/entry_run.hpp>
#include <phantomdb/storage/hybrid/routes.hpp>
#include <phantomdb/storage/ordered_store.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// What a snapshot needs beside the main engine's: null where every object is there.
template <class Lsm, class Hash>
struct elsewhere {
    std::shared_ptr<routes const> known;
    std::optional<typename Lsm::snapshot_type> lsm;
    std::optional<typename Hash::snapshot_type> hash;
};

/// Model of `ordered_cursor`.
template <class Main, class Lsm, class Hash>
class hybrid_cursor {
public:
    using elsewhere_type = elsewhere<Lsm, Hash>;

    hybrid_cursor() = default;
    hybrid_cursor(typename Main::cursor_type main, elsewhere_type const* others)
        : main_(std::move(main)), others_(others) {}

    bool valid() const {
        return !behind_ && with_active([](auto const& cursor) { return cursor.valid(); });
    }
    std::string_view key() const {
        return with_active([](auto const& cursor) { return std::string_view(cursor.key()); });
    }
    std::string_view value() const {
        return with_active([](auto const& cursor) { return std::string_view(cursor.value()); });
    }
    lsn_type lsn() const {
        return with_active([](auto const& cursor) { return lsn_type{cursor.lsn()}; });
    }

    void seek(std::string_view key) {
        if (others_ == nullptr) return main_.seek(key);
        enter(interval_of(key));
        count_span();
        with_active([&](auto& cursor) { cursor.seek(key); });
        settle_forward();
    }
    void seek_before(std::string_view key) {
        if (others_ == nullptr) return main_.seek_before(key);
        if (key.empty()) {
            enter(0xffff'ffffu);
            count_span();
            with_active([&](auto& cursor) { cursor.seek_before(upper_); });
        } else {
            std::uint32_t const object = interval_of(key);
            enter(object > 0 && key == lower_of(object) ? object - 1 : object);
            count_span();
            with_active([&](auto& cursor) { cursor.seek_before(key); });
        }
        settle_backward();
    }
    void next() {
        if (others_ == nullptr) return main_.next();
        with_active([](auto& cursor) { cursor.next(); });
        settle_forward();
    }
    void prev() {
        if (others_ == nullptr) return main_.prev();
        with_active([](auto& cursor) { cursor.prev(); });
        settle_backward();
    }

    /// The entries from here on, up to `most`, that are below `to` and lie side by side; empty at the end only.
    entry_run next_run(std::string_view to, unsigned most = 65536) {
        if (others_ == nullptr) [[likely]]
            return main_.next_run(to, most);
        listed_.resize(std::min<std::size_t>(most, most_listed));
        return std::span<slice const>(listed_.data(), next_chunk(listed_, to));
    }

    std::size_t next_chunk(std::span<slice> out, std::string_view to) {
        if (others_ == nullptr) return main_.next_chunk(out, to);
        for (;;) {
            if (behind_ && !step_up()) return 0;
            if (!to.empty() && !lower_.empty() && lower_ >= to) return 0;
            std::string_view const end = upper_.empty() || (!to.empty() && to < upper_) ? to : std::string_view(upper_);
            std::size_t const n = with_active([&](auto& cursor) { return cursor.next_chunk(out, end); });
            if (end != upper_ || upper_.empty()) return counted(n);
            behind_ = n < out.size() && !in_interval();
            if (n > 0) return counted(n);
            if (!behind_) return 0;
        }
    }
    std::size_t prev_chunk(std::span<slice> out, std::string_view from) {
        if (others_ == nullptr) return main_.prev_chunk(out, from);
        for (;;) {
            if (behind_ && !step_down()) return 0;
            if (!upper_.empty() && upper_ <= from) return 0;
            std::string_view const end = lower_ > from ? std::string_view(lower_) : from;
            std::size_t const n = with_active([&](auto& cursor) { return cursor.prev_chunk(out, end); });
            if (lower_ <= from) return counted(n);
            behind_ = n < out.size() && !in_interval();
            if (n > 0) return counted(n);
            if (!behind_) return 0;
        }
    }

private:
    template <class F>
    auto with_active(F&& f) {
        if (active_ == engine::lsm) return f(*lsm_);
        if (active_ == engine::hash) return f(*hash_);
        return f(main_);
    }
    template <class F>
    auto with_active(F&& f) const {
        if (active_ == engine::lsm) return f(*lsm_);
        if (active_ == engine::hash) return f(*hash_);
        return f(main_);
    }

    /// An object in whose interval `key` lies. A shorter key, which is only a bound, lies before the first object it can begin.
    static std::uint32_t interval_of(std::string_view key) {
        if (key.size() >= 4) return object_of(key);
        std::string whole(key);
        whole.resize(4, '\0');
        std::uint32_t const first = object_of(whole);
        return first > 0 ? first - 1 : 0;
    }
    /// Where the interval that holds `object` begins.
    std::string lower_of(std::uint32_t object) const {
        routes const& known = *others_->known;
        if (known.where(object) != engine::btree) return object_prefix(object);
        route const* const before = known.last_elsewhere(object);
        return before != nullptr ? object_end(before->object) : std::string();
    }

    void enter(std::uint32_t object) {
        routes const& known = *others_->known;
        here_ = known.find(object);
        active_ = here_ != nullptr ? here_->where : engine::btree;
        lower_ = lower_of(object);
        if (active_ != engine::btree) {
            upper_ = object_end(object);
        } else {
            route const* const next = known.next_elsewhere(object);
            upper_ = next != nullptr ? object_prefix(next->object) : std::string();
        }
        if (active_ == engine::lsm && !lsm_) lsm_.emplace(others_->lsm->cursor());
        if (active_ == engine::hash && !hash_) hash_.emplace(others_->hash->cursor());
        behind_ = false;
    }

    bool in_interval() const {
        return with_active([&](auto const& cursor) {
            if (!cursor.valid()) return false;
            std::string_view const key = cursor.key();
            return key >= lower_ && (upper_.empty() || key < upper_);
        });
    }
    /// To the first key of the next interval; false: there is none.
    bool step_up() {
        if (upper_.empty()) return false;
        std::string const from = upper_;
        enter(object_of(from));
        with_active([&](auto& cursor) { cursor.seek(from); });
        return true;
    }
    bool step_down() {
        if (lower_.empty()) return false;
        std::string const to = lower_;
        enter(object_of(to) - 1);
        with_active([&](auto& cursor) { cursor.seek_before(to); });
        return true;
    }
    void settle_forward() {
        while (!in_interval()) {
            if (step_up()) continue;
            behind_ = true;
            return;
        }
    }
    void settle_backward() {
        while (!in_interval()) {
            if (step_down()) continue;
            behind_ = true;
            return;
        }
    }

    void count_span() {
        if (here_ != nullptr) here_->load->spans_read.fetch_add(1, std::memory_order_relaxed);
    }
    std::size_t counted(std::size_t rows) {
        if (here_ != nullptr) here_->load->rows_read.fetch_add(rows, std::memory_order_relaxed);
        return rows;
    }

    typename Main::cursor_type main_;
    elsewhere_type const* others_ = nullptr;
    std::optional<typename Lsm::cursor_type> lsm_;
    std::optional<typename Hash::cursor_type> hash_;
    engine active_ = engine::btree;
    route const* here_ = nullptr;
    std::string lower_, upper_;  // of the interval; empty: to the end
    bool behind_ = false;        // the engine's cursor has left the interval
    static constexpr std::size_t most_listed = 256;
    std::vector<slice> listed_;
};

/// Model of `store_snapshot`. O(1) to make and copy.
template <class Main, class Lsm, class Hash>
class hybrid_snapshot {
public:
    using elsewhere_type = elsewhere<Lsm, Hash>;
    using cursor_type = hybrid_cursor<Main, Lsm, Hash>;

    hybrid_snapshot() = default;
    hybrid_snapshot(typename Main::snapshot_type main, std::shared_ptr<elsewhere_type const> others)
        : main_(std::move(main)), others_(std::move(others)) {}

    lsn_type lsn() const { return main_.lsn(); }
    cursor_type cursor() const { return cursor_type(main_.cursor(), others_.get()); }

    std::optional<stored_value> get(std::string_view key) const {
        if (others_ == nullptr) return main_.get(key);
        route const* const r = others_->known->find(object_of(key));
        if (r == nullptr) return main_.get(key);
        r->load->rows_read.fetch_add(1, std::memory_order_relaxed);
        if (r->where == engine::lsm) return others_->lsm->get(key);
        if (r->where == engine::hash) return others_->hash->get(key);
        return main_.get(key);
    }

    void get_many(std::span<std::string_view const> keys, std::span<std::optional<stored_value>> out) const {
        if (keys.empty()) return;
        std::uint32_t const object = object_of(keys.front());
        bool const one_object =
            std::all_of(keys.begin(), keys.end(), [&](std::string_view key) { return object_of(key) == object; });
        route const* const r = others_ != nullptr && one_object ? others_->known->find(object) : nullptr;
        if (others_ != nullptr && !one_object) {
            for (std::size_t i = 0; i < keys.size(); ++i) out[i] = get(keys[i]);
            return;
        }
        if (r != nullptr) r->load->rows_read.fetch_add(keys.size(), std::memory_order_relaxed);
        if (r != nullptr && r->where == engine::lsm) return many(*others_->lsm, keys, out);
        if (r != nullptr && r->where == engine::hash) return many(*others_->hash, keys, out);
        many(main_, keys, out);
    }

    std::uint64_t count(std::string_view from, std::string_view to) const {
        if (others_ == nullptr) return main_.count(from, to);
        std::uint64_t total = 0;
        routes const& known = *others_->known;
        std::string at(from);
        for (;;) {
            std::uint32_t const object = object_of(at);
            engine const where = known.where(object);
            route const* const next = where == engine::btree ? known.next_elsewhere(object) : nullptr;
            std::string const upper = where != engine::btree ? object_end(object)
                                      : next != nullptr      ? object_prefix(next->object)
                                                             : std::string();
            std::string_view const end = upper.empty() || (!to.empty() && to < upper) ? to : std::string_view(upper);
            if (where == engine::lsm) total += others_->lsm->count(at, end);
            else if (where == engine::hash) total += others_->hash->count(at, end);
            else total += main_.count(at, end);
            if (upper.empty() || (!to.empty() && to <= upper)) return total;
            at = upper;
        }
    }

    /// Entries of an object that do not show and that its engine keeps among the others until it merges them away, about. Nothing where
    /// it is in an engine that keeps none so.
    std::optional<std::uint64_t> buried(std::uint32_t object) const {
        if (others_ == nullptr || others_->known->where(object) != engine::lsm) return std::nullopt;
        auto const counted = others_->lsm->count_kept(object_prefix(object), object_end(object));
        return counted.kept - counted.showing;
    }

    /// Where objects are, as of this snapshot; null where all are in the main engine and none chooses.
    std::shared_ptr<elsewhere_type const> const& others() const { return others_; }

private:
    template <class Snapshot>
    static void many(Snapshot const& in, std::span<std::string_view const> keys,
                     std::span<std::optional<stored_value>> out) {
        if constexpr (requires { in.get_many(keys, out); }) {
            in.get_many(keys, out);
        } else {
            for (std::size_t i = 0; i < keys.size(); ++i) out[i] = in.get(keys[i]);
        }
    }

    // The others go first: the main snapshot is what keeps the store's versions in order.
    typename Main::snapshot_type main_;
    std::shared_ptr<elsewhere_type const> others_;
};

}  // namespace phantomdb::storage
