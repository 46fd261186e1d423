/// @file Defines the laws of `ordered_store`: what every model must do, checked against `std::map`.
///
/// The laws get their store from a stage, so that one that keeps files can be checkpointed and opened again in between. They know
/// of no framework for tests: tools/torture takes them for longer walks.
#pragma once

#include <phantomdb/storage/ordered_store.hpp>

#include <atomic>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace phantomdb::storage::laws {

using reference = std::map<std::string, std::pair<std::string, lsn_type>>;

/// What is thrown where a store does not do as it must.
struct broken_law : std::runtime_error {
    using std::runtime_error::runtime_error;
};
[[noreturn]] inline void broken(std::string_view what, std::string_view key = {}) {
    throw broken_law(std::string(what) + std::string(key));
}
inline void require(bool holds, std::string_view law) {
    if (!holds) broken("broken: ", law);
}

/// Keys from a small or a large space, short, long, with shared prefixes and zero bytes.
class key_source {
public:
    explicit key_source(std::uint64_t seed) : random_(seed) {}

    std::uint64_t number(std::uint64_t below) { return random_() % below; }

    std::string key() {
        std::uint64_t const n = number(20'000);
        switch (n % 5) {
            case 0: return "t1" + std::string(3, '\0') + std::to_string(n);
            case 1: return std::string(n % 40, 'a') + std::to_string(n % 700);
            case 2: return "long-prefix-shared-by-many-keys/" + std::to_string(n) + std::string(n % 400, 'x');
            case 3: {
                std::string bytes(4, '\0');
                for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<char>(n >> (8 * i));
                return bytes;
            }
            default: return n % 1000 == 4 ? std::string(3000 + n % 5000, 'k') : std::to_string(n);
        }
    }
    std::string value() {
        std::uint64_t const n = number(1000);
        return std::string(n < 2 ? 1000 + 3000 * n : n < 50 ? n * 15 : n % 60, static_cast<char>('A' + n % 26));
    }

private:
    std::mt19937_64 random_;
};

/// A store that is only there.
template <ordered_store Store>
struct plain_stage {
    using store_type = Store;
    Store held;

    Store& store() { return held; }
    void applied(write_batch const&, lsn_type, key_source&) {}  ///< called after each batch
    bool wants_reopen(key_source&) { return false; }            ///< if so, `reopen` is called without a snapshot alive
    void reopen() {}
    // May have, besides:
    //     reference holds_already();     what the store has before anything is applied
    //     std::string key(std::string);  makes the keys of this store from any
    //     void progress(std::size_t);    told how many operations are done
    //     rough_count                    a constant: counting is less exact where there are few keys in many places
};

template <class Snapshot>
void check_equal(Snapshot const& snapshot, reference const& expected) {
    auto cursor = snapshot.cursor();
    auto at = expected.begin();
    for (cursor.seek(""); cursor.valid(); cursor.next(), ++at) {
        if (at == expected.end() || cursor.key() != at->first || cursor.value() != at->second.first ||
            cursor.lsn() != at->second.second) {
            broken("the store differs from the reference at key ", cursor.key());
        }
    }
    require(at == expected.end(), "at == expected.end()");
    auto back = expected.rbegin();
    for (cursor.seek_before(""); cursor.valid(); cursor.prev(), ++back) {
        if (back == expected.rend() || cursor.key() != back->first) broken("backwards: differs at ", cursor.key());
    }
    require(back == expected.rend(), "back == expected.rend()");
}

template <class Snapshot>
void check_chunks(Snapshot const& snapshot, reference const& expected, std::string const& from, std::string const& to,
                  std::size_t chunk) {
    std::vector<slice> out(chunk);
    auto const end = to.empty() ? expected.end() : expected.lower_bound(to);
    auto at = expected.lower_bound(from);
    if (!to.empty() && to <= from) return;
    auto cursor = snapshot.cursor();
    cursor.seek(from);
    while (std::size_t const n = cursor.next_chunk(out, to)) {
        for (std::size_t i = 0; i < n; ++i, ++at) {
            if (at == end || out[i].key != at->first || out[i].value != at->second.first) broken("chunk differs");
        }
    }
    require(at == end, "at == end");
    if constexpr (requires { cursor.next_run(to); }) {
        at = expected.lower_bound(from);
        cursor.seek(from);
        for (auto run = cursor.next_run(to); run.size() > 0; run = cursor.next_run(to)) {
            for (slice const one : run) {
                if (at == end || one.key != at->first || one.value != at->second.first) broken("run differs");
                ++at;
            }
        }
        require(at == end, "at == end");
        cursor.seek(from);
        if (cursor.valid() && at != expected.lower_bound(from))
            require(cursor.next_run(to, 1).size() == 1, "cursor.next_run(to, 1).size() == 1");
    }
    cursor.seek_before(to);
    auto const begin = expected.lower_bound(from);
    while (std::size_t const n = cursor.prev_chunk(out, from)) {
        for (std::size_t i = 0; i < n; ++i) {
            if (at == begin) broken("a backward chunk goes too far");
            --at;
            if (out[i].key != at->first || out[i].value != at->second.first) broken("backward chunk differs");
        }
    }
    require(at == begin, "at == begin");
}

/// Random batches, snapshots held and dropped, point reads and scans: at least `operations` of them.
template <class Stage>
void agrees_with_a_map(Stage& stage, std::uint64_t seed, std::size_t operations) {
    reference expected;
    if constexpr (requires { stage.holds_already(); }) expected = stage.holds_already();
    key_source source(seed);
    auto const next_key = [&] {
        if constexpr (requires { stage.key(std::string()); }) return stage.key(source.key());
        else return source.key();
    };
    struct held {
        typename Stage::store_type::snapshot_type snapshot;
        reference expected;
    };
    std::vector<held> kept;
    lsn_type lsn = stage.store().applied();
    for (std::size_t done = 0; done < operations;) {
        write_batch batch;
        std::size_t const size = source.number(10) == 0 ? 2000 : 1 + source.number(20);
        bool const mostly_erase = source.number(4) == 0;
        ++lsn;
        for (std::size_t i = 0; i < size; ++i, ++done) {
            std::string const key = next_key();
            if (source.number(2000) == 0) {
                std::string const to = source.number(20) == 0 ? std::string() : next_key();
                batch.erase_span(key, to);
                if (to.empty() || key < to)
                    expected.erase(expected.lower_bound(key), to.empty() ? expected.end() : expected.lower_bound(to));
            } else if (source.number(10) < (mostly_erase ? 8u : 3u)) {
                batch.erase(key);
                expected.erase(key);
            } else {
                std::string const value = source.value();
                batch.put(key, value);
                expected[key] = {value, lsn};
            }
        }
        stage.store().apply(batch, lsn);
        require(stage.store().applied() == lsn, "stage.store().applied() == lsn");
        stage.applied(batch, lsn, source);
        if (stage.wants_reopen(source)) {
            for (held const& h : kept) check_equal(h.snapshot, h.expected);
            kept.clear();
            stage.reopen();
            require(stage.store().applied() == lsn, "stage.store().applied() == lsn");
        }

        if constexpr (requires { stage.progress(done); }) stage.progress(done);

        auto const snapshot = stage.store().snapshot();
        for (int i = 0; i < 20; ++i, ++done) {
            std::string const key = next_key();
            auto const found = snapshot.get(key);
            auto const at = expected.find(key);
            if (found.has_value() != (at != expected.end())) broken("get disagrees on the presence of ", key);
            if (found && (found->value != at->second.first || found->lsn != at->second.second)) broken("get: ", key);
            auto cursor = snapshot.cursor();
            cursor.seek(key);
            auto const above = expected.lower_bound(key);
            if (cursor.valid() != (above != expected.end())) broken("seek disagrees at ", key);
            if (cursor.valid() && cursor.key() != above->first) broken("seek: ", key);
            cursor.seek_before(key);
            if (key.empty()) continue;
            if (cursor.valid() != (above != expected.begin())) broken("seek_before disagrees at ", key);
            if (cursor.valid() && cursor.key() != std::prev(above)->first) broken("seek_before: ", key);
        }
        if constexpr (requires(std::span<std::string_view const> in, std::span<std::optional<stored_value>> out) {
                          snapshot.get_many(in, out);
                      }) {
            std::vector<std::string> keys(source.number(40));
            for (std::string& key : keys) key = next_key();
            std::vector<std::string_view> const views(keys.begin(), keys.end());
            std::vector<std::optional<stored_value>> found(keys.size(), stored_value{"stale", 0, {}});
            snapshot.get_many(views, found);
            for (std::size_t i = 0; i < keys.size(); ++i) {
                auto const one = snapshot.get(keys[i]);
                if (one.has_value() != found[i].has_value() || (one && one->value != found[i]->value))
                    broken("get_many: ", keys[i]);
            }
        }
        if (source.number(50) == 0) {
            check_equal(snapshot, expected);
            check_chunks(snapshot, expected, next_key(), next_key(), 1 + source.number(300));
            check_chunks(snapshot, expected, "", "", 1 + source.number(3000));
            std::uint64_t const count = snapshot.count("", "");
            std::uint64_t factor = 2, slack = 0;
            if constexpr (requires { Stage::rough_count; }) factor = 4, slack = 200;
            if (count * factor + slack < expected.size() || count > expected.size() * factor + slack)
                broken("count is " + std::to_string(count) + " of " + std::to_string(expected.size()));
            kept.push_back({snapshot, expected});
            if (kept.size() > 4) {
                std::size_t const victim = source.number(kept.size());
                check_equal(kept[victim].snapshot, kept[victim].expected);
                kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(victim));
            }
        }
    }
    for (held const& h : kept) check_equal(h.snapshot, h.expected);
    check_equal(stage.store().snapshot(), expected);

    write_batch all;
    for (auto const& [key, value] : expected) all.erase(key);
    stage.store().apply(all, lsn + 1);
    check_equal(stage.store().snapshot(), {});
    for (held const& h : kept) check_equal(h.snapshot, h.expected);
}
template <ordered_store Store>
void agrees_with_a_map(std::uint64_t seed, std::size_t operations) {
    plain_stage<Store> stage;
    agrees_with_a_map(stage, seed, operations);
}

/// Readers on other threads always see whole batches: every batch writes the same number under all keys.
template <ordered_store Store>
void readers_see_whole_batches(Store& store, int batches) {
    constexpr int keys = 300;
    std::atomic<bool> stop{false};
    std::atomic<int> torn{0};
    std::atomic<int> reads{0};
    auto const apply = [&](int number) {
        write_batch batch;
        for (int k = 0; k < keys; ++k) batch.put("key" + std::to_string(k * 7919 % 1000), std::to_string(number));
        store.apply(batch, static_cast<lsn_type>(number));
    };
    apply(1);
    std::vector<std::thread> readers;
    for (int r = 0; r < 3; ++r) {
        readers.emplace_back([&] {
            lsn_type last = 0;
            while (!stop) {
                auto const snapshot = store.snapshot();
                if (snapshot.lsn() < last) ++torn;
                last = snapshot.lsn();
                std::string const expected = std::to_string(last);
                int seen = 0;
                auto cursor = snapshot.cursor();
                for (cursor.seek(""); cursor.valid(); cursor.next(), ++seen) {
                    if (cursor.value() != expected) ++torn;
                }
                if (seen != keys) ++torn;
                ++reads;
            }
        });
    }
    for (int number = 2; number <= batches; ++number) apply(number);
    while (reads < 10) std::this_thread::yield();
    stop = true;
    for (auto& reader : readers) reader.join();
    require(torn == 0, "torn == 0");
}
template <ordered_store Store>
void readers_see_whole_batches(int batches) {
    Store store;
    readers_see_whole_batches(store, batches);
}

}  // namespace phantomdb::storage::laws
