/// @file Defines `hybrid_store`: tables and indexes in the engine that suits each, read and changed as one store.
///
/// 1. A batch is cut up by object (hybrid/routes.hpp) and given to the engines; all of it becomes visible in one step, since
///    readers get at the other engines only through snapshots that were put together with the main engine's.
/// 2. Engines are made durable together: the main engine decides at which position its checkpoint is, then the others write
///    theirs, then the main engine's counts. So whatever position the main engine has after a crash, the others have
///    everything up to there; what they have beyond is skipped when the log is applied again.
/// 3. An object moves while it is read and written (`move`): from a record in the log on, its changes go to both engines;
///    meanwhile what is there already is copied piece by piece between batches; the copy is made durable; a second record
///    says that it lives there now, and empties it where it was. Snapshots from before go on reading there. After a crash in
///    between, the record is there and the copy begins anew.
///
/// Threads: as `persistent_store` says. `copy_piece` counts as `apply`.
#pragma once

#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/storage/hybrid/hybrid_snapshot.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

/// Model of `ordered_store` over a main engine and, with a directory, two more. Without one everything is in the main engine.
template <class Main, class Lsm, class Hash>
class hybrid_store {
public:
    using snapshot_type = hybrid_snapshot<Main, Lsm, Hash>;
    using cursor_type = hybrid_cursor<Main, Lsm, Hash>;

    /// In memory.
    hybrid_store() = default;
    /// In files below `directory`. Throws what the engines throw.
    template <class Environment>
        requires std::constructible_from<Main, Environment&, std::string const&, store_options const&>
    hybrid_store(Environment& environment, std::string const& directory, store_options const& options)
        : main_(environment, env::join(directory, "btree"), options),
          lsm_(std::make_unique<Lsm>(environment, env::join(directory, "lsm"), options)),
          hash_(std::make_unique<Hash>(environment, env::join(directory, "hash"), options)),
          lsm_had_(lsm_->applied()),
          hash_had_(hash_->applied()) {
        write_note_ = [&environment, directory](std::string const& bytes) {
            write_note(environment, directory, bytes);
        };
        check_note(environment, directory);
        load_routes();
        compose(known_->empty() ? nullptr : std::make_shared<elsewhere<Lsm, Hash>>());
    }

    void apply(write_batch const& batch, lsn_type lsn) {
        add(batch, lsn);
        publish(lsn);
    }

    /// `apply` in two steps, so that a group of batches becomes visible in one: each is added, the last one published. Where
    /// one throws, nothing added since the last publication becomes visible, and the log has to be applied from there on again.
    void add(write_batch const& batch, lsn_type lsn) {
        if (known_->empty() && !names_engines(batch)) return main_.add(batch, lsn);
        try {
            parts made;
            batch.for_each(
                [&](std::string_view key, std::string_view value) {
                    if (auto const object = codec::object_of_engine_record(key)) reroute(*object, value, made);
                    place(key, 1, made, [&](write_batch& part) { part.put(key, value); });
                },
                [&](std::string_view key) {
                    if (auto const object = codec::object_of_engine_record(key)) forget(*object, made);
                    place(key, 1, made, [&](write_batch& part) { part.erase(key); });
                },
                [&](std::string_view from, std::string_view to) {
                    for (write_batch& part : made) part.erase_span(from, to);
                });
            main_.add(made[0], lsn);
            if (lsn > lsm_had_ && !made[1].empty()) lsm_->apply(made[1], lsn);
            if (lsn > hash_had_ && !made[2].empty()) hash_->apply(made[2], lsn);
        } catch (...) {  // what other engines have of it, nobody sees; applied again, it is the same
            take_back();
            throw;
        }
    }

    void publish(lsn_type lsn) {
        if (known_->empty() && !composed_.load(std::memory_order_relaxed)) return main_.publish(lsn);
        try {
            // What needs memory comes first: once the main engine has published, nothing may fail.
            auto others = known_->empty() ? nullptr : std::make_shared<elsewhere<Lsm, Hash>>();
            std::lock_guard const hold(current_mutex_);
            if (!composed_.load(std::memory_order_relaxed)) current_ = snapshot_type(main_.snapshot(), nullptr);
            // Readers that see the main engine's new version look at this again, and then wait for the rest of it.
            composed_.store(true, std::memory_order_seq_cst);
            main_.publish(lsn);
            compose(std::move(others));
        } catch (...) {
            take_back();
            throw;
        }
    }

    lsn_type applied() const { return main_.applied(); }

    snapshot_type snapshot() const {
        if (!composed_.load(std::memory_order_seq_cst)) {
            snapshot_type made(main_.snapshot(), nullptr);
            if (!composed_.load(std::memory_order_seq_cst)) return made;
        }
        std::lock_guard const hold(current_mutex_);
        return current_;
    }

    // ---- in files ----

    lsn_type checkpoint() {
        auto const others = [&] {
            if (lsm_ == nullptr) return;
            lsn_type const lsm = lsm_->checkpoint();
            note(lsm, hash_->checkpoint());
        };
        lsn_type const durable = main_.checkpoint(others);
        // The main engine may have had nothing to do; whether the others can write again, somebody has to try.
        if (lsm_ != nullptr && (lsm_->refusal() || hash_->refusal())) others();
        return durable;
    }
    bool maintain() {
        bool more = main_.maintain();
        if (lsm_ != nullptr) more = lsm_->maintain() || more;
        if (hash_ != nullptr) more = hash_->maintain() || more;
        return more;
    }
    /// Gives back all that can be given back in the engine that holds `object` where that goes on too slowly by itself; `step()` is
    /// called now and then, and may throw. Counts as `maintain`.
    template <class Step>
    void merge_fully(std::uint32_t object, Step&& step) {
        if constexpr (requires(Lsm& lsm) { lsm.merge_fully(step); }) {
            if (lsm_ != nullptr && whereabouts()->where(object) == engine::lsm) lsm_->merge_fully(step);
        }
    }
    /// Has later readers use what the engines' files are now, so that those of the last batch can go. Counts as `apply`.
    void refresh() {
        if (known_->empty()) return;
        // After a batch that failed an engine may have what must not be seen.
        if (lsm_ != nullptr && (lsm_->applied() > applied() || hash_->applied() > applied())) return;
        auto others = std::make_shared<elsewhere<Lsm, Hash>>();
        std::lock_guard const hold(current_mutex_);
        if (composed_.load(std::memory_order_relaxed) && lsm_ != nullptr) compose(std::move(others));
    }
    std::optional<error> refusal() const {
        if (auto refused = main_.refusal()) return refused;
        if (lsm_ != nullptr) {
            if (auto refused = lsm_->refusal()) return refused;
        }
        return hash_ != nullptr ? hash_->refusal() : std::nullopt;
    }
    store_statistics statistics() const {
        store_statistics sum = main_.statistics();
        auto const add_to = [&](store_statistics const& s) {
            sum.memory_bytes += s.memory_bytes, sum.file_bytes += s.file_bytes, sum.free_bytes += s.free_bytes;
            sum.old_version_bytes += s.old_version_bytes;
            sum.read_bytes += s.read_bytes, sum.written_bytes += s.written_bytes;
            sum.cache_hits += s.cache_hits, sum.cache_misses += s.cache_misses;
            sum.compactions += s.compactions;
        };
        if (lsm_ != nullptr) add_to(lsm_->statistics());
        if (hash_ != nullptr) add_to(hash_->statistics());
        return sum;
    }
    void verify(verification const& to) const {
        main_.verify(to);
        if (lsm_ != nullptr) lsm_->verify(to);
        if (hash_ != nullptr) hash_->verify(to);
    }

    // ---- moving objects ----

    /// Where objects with a record are, as of the last batch. Any thread.
    std::shared_ptr<routes const> whereabouts() const {
        auto const now = snapshot();
        return now.others() != nullptr ? now.others()->known : std::make_shared<routes const>();
    }
    /// Whether an object can be anywhere but in the main engine.
    bool has_engines() const { return lsm_ != nullptr; }

    /// Copies up to `rows` rows of an object that is being moved, from `from` on; the key to go on with, or nothing at the end.
    std::optional<std::string> copy_piece(std::uint32_t object, std::string const& from, std::size_t rows) {
        route const* const r = known_->find(object);
        if (r == nullptr || !r->moving_to) return std::nullopt;  // dropped meanwhile
        std::string const end = object_end(object);
        std::string next;
        write_batch piece;
        lsn_type const now = applied();
        with_engine(r->where, [&](auto& source) {
            auto const snapshot = source.snapshot();
            auto cursor = snapshot.cursor();
            for (cursor.seek(from); cursor.valid() && (end.empty() || cursor.key() < end); cursor.next()) {
                if (piece.size() == rows) {
                    next = cursor.key();
                    break;
                }
                piece.put(cursor.key(), cursor.value());
            }
        });
        if (!piece.empty()) with_engine(*r->moving_to, [&](auto& target) { target.apply(piece, now); });
        if (next.empty()) return std::nullopt;
        return next;
    }
    /// Makes durable what an engine holds, and that it holds it, before a record says that an object lives there. Counts as
    /// `checkpoint`.
    void make_durable(engine where) {
        if (where == engine::btree) {
            checkpoint();  // the main engine never goes ahead of the others
        } else if (where == engine::lsm) {
            note(lsm_->checkpoint(), {});
        } else {
            note({}, hash_->checkpoint());
        }
    }

private:
    using parts = std::array<write_batch, 3>;  // by engine

    // ---- what the other engines have had: u64 LSN of lsm · u64 generation of lsm · u64 LSN of hash · u32 CRC32C, in the file
    // "engines" ----
    // What a move copies has no place in the log and comes at an LSN that the engine may have had before, so that the LSN alone
    // does not tell whether it is there: of an engine that can fall back, the generation does.

    struct engine_positions {
        lsn_type lsm = 0;
        std::uint64_t lsm_generation = 0;
        lsn_type hash = 0;
        bool operator==(engine_positions const&) const = default;
    };
    static constexpr std::size_t note_bytes = 28;

    std::uint64_t lsm_generation() const {
        if constexpr (requires { lsm_->generation(); }) return lsm_->generation();
        return 0;
    }
    /// After a checkpoint of an engine, and before anything relies on it: notes the position it has reached.
    void note(std::optional<lsn_type> lsm, std::optional<lsn_type> hash) {
        std::lock_guard const hold(note_mutex_);
        engine_positions now = noted_;
        if (lsm) now.lsm = *lsm, now.lsm_generation = lsm_generation();
        if (hash) now.hash = *hash;
        if (now == noted_) return;
        std::string bytes;
        codec::append_fixed(bytes, now.lsm);
        codec::append_fixed(bytes, now.lsm_generation);
        codec::append_fixed(bytes, now.hash);
        codec::append_fixed(bytes, codec::crc32c(bytes));
        write_note_(bytes);
        noted_ = now;
    }

    template <class Environment>
    static void write_note(Environment& environment, std::string const& directory, std::string const& bytes) {
        std::string const path = env::join(directory, "engines");
        {
            auto file = environment.open(path + ".new", env::open_mode::create);
            file.write_at(0, bytes);
            file.sync();
        }
        environment.rename(path + ".new", path);
        environment.sync_directory(directory);
    }
    /// An engine that fell back to an older state of its own (its newest was damaged) must not be taken for one that is whole.
    template <class Environment>
    void check_note(Environment& environment, std::string const& directory) {
        std::string const path = env::join(directory, "engines");
        if (!environment.exists(path)) return;
        std::string bytes(note_bytes, '\0');
        bytes.resize(environment.open(path, env::open_mode::read).read_at(0, bytes));
        bool const sound =
            bytes.size() == note_bytes && codec::load_fixed<std::uint32_t>(bytes.data() + note_bytes - 4) ==
                                              codec::crc32c(std::string_view(bytes).substr(0, note_bytes - 4));
        if (!sound) {
            throw error(errc::data_corrupted, "file \"" + path + "\" is damaged")
                .with_hint("Restore the directory from a backup.");
        }
        noted_.lsm = codec::load_fixed<std::uint64_t>(bytes.data());
        noted_.lsm_generation = codec::load_fixed<std::uint64_t>(bytes.data() + 8);
        noted_.hash = codec::load_fixed<std::uint64_t>(bytes.data() + 16);
        if (lsm_had_ < noted_.lsm || lsm_generation() < noted_.lsm_generation || hash_had_ < noted_.hash) {
            throw error(errc::data_corrupted, "an engine in \"" + directory + "\" is older than what is known of it")
                .with_detail("Its newest files are damaged or missing.")
                .with_hint("Restore the directory from a backup.");
        }
    }

    static bool names_engines(write_batch const& batch) {
        bool found = false;
        batch.for_each(
            [&](std::string_view key, std::string_view) { found |= codec::object_of_engine_record(key).has_value(); },
            [&](std::string_view key) { found |= codec::object_of_engine_record(key).has_value(); },
            [](std::string_view, std::string_view) {});
        return found;
    }

    void take_back() noexcept {
        main_.discard();
        known_ = published_;
    }

    template <class F>
    void with_engine(engine where, F&& f) {
        if (where == engine::lsm) return f(*lsm_);
        if (where == engine::hash) return f(*hash_);
        f(main_);
    }

    /// Gives a change to the engine that holds its object, and to the one the object is moving to.
    template <class Put>
    void place(std::string_view key, std::uint64_t rows, parts& made, Put&& put) {
        route const* const r = known_->find(object_of(key));
        if (r == nullptr) return put(made[0]);
        r->load->rows_written.fetch_add(rows, std::memory_order_relaxed);
        put(made[static_cast<std::size_t>(r->where)]);
        if (r->moving_to) put(made[static_cast<std::size_t>(*r->moving_to)]);
    }

    /// An engine record says something new.
    void reroute(std::uint32_t object, std::string_view value, parts& made) {
        route said = decode_route(object, value);
        if (!has_engines()) return;  // in memory: everything stays in the main engine
        route const* const before = known_->find(object);
        if (value.size() == 1 && before != nullptr) {  // what DDL writes does not say where an object is
            if (said.asked_for == engine::hybrid) said.where = before->where;
            if (said.where == before->where) said.moving_to = before->moving_to;
        }
        engine const was = before != nullptr ? before->where : engine::btree;
        auto const was_moving = before != nullptr ? before->moving_to : std::nullopt;
        if (was != said.where) empty(object, was, made);
        if (was_moving && was_moving != said.where && was_moving != said.moving_to) empty(object, *was_moving, made);
        if (said.moving_to && said.moving_to != was_moving)
            empty(object, *said.moving_to, made);  // leftovers of a crash
        change_routes([&](routes& all) { all.set(std::move(said)); });
    }
    void forget(std::uint32_t object, parts& made) {
        route const* const before = known_->find(object);
        if (before == nullptr) return;
        // In the main engine it is at home: what is erased there is erased key by key.
        if (before->where != engine::btree) empty(object, before->where, made);
        if (before->moving_to && before->moving_to != engine::btree) empty(object, *before->moving_to, made);
        change_routes([&](routes& all) { all.erase(object); });
    }
    static void empty(std::uint32_t object, engine where, parts& made) {
        made[static_cast<std::size_t>(where)].erase_span(object_prefix(object), object_end(object));
    }

    template <class F>
    void change_routes(F&& change) {
        auto changed = std::make_shared<routes>(*known_);
        change(*changed);
        known_ = std::move(changed);
    }

    void load_routes() {
        auto const snapshot = main_.snapshot();
        auto cursor = snapshot.cursor();
        std::string const end = object_end(codec::engine_records_id);
        auto found = std::make_shared<routes>();
        for (cursor.seek(object_prefix(codec::engine_records_id)); cursor.valid() && cursor.key() < end;
             cursor.next()) {
            if (auto const object = codec::object_of_engine_record(cursor.key()))
                found->set(decode_route(*object, cursor.value()));
        }
        known_ = std::move(found);
        composed_.store(!known_->empty(), std::memory_order_relaxed);
    }

    /// Puts the newest snapshots of the engines together, in `others` where not all is in the main one. With the lock, or before
    /// there are readers.
    void compose(std::shared_ptr<elsewhere<Lsm, Hash>> others) {
        if (others != nullptr) {
            others->known = known_;
            others->lsm.emplace(lsm_->snapshot());
            others->hash.emplace(hash_->snapshot());
        }
        current_ = snapshot_type(main_.snapshot(), std::move(others));
        published_ = known_;
    }

    std::function<void(std::string const&)> write_note_;
    std::mutex note_mutex_;
    engine_positions noted_;
    Main main_;
    std::unique_ptr<Lsm> lsm_;
    std::unique_ptr<Hash> hash_;
    lsn_type lsm_had_ = 0, hash_had_ = 0;                                     // what they held when they were opened
    std::shared_ptr<routes const> known_ = std::make_shared<routes const>();  // the applier's
    std::shared_ptr<routes const> published_ = known_;                        // as of the last publication
    std::atomic<bool> composed_{false};
    mutable std::mutex current_mutex_;
    snapshot_type current_;  // only where `composed_`
};

}  // namespace phantomdb::storage
