/// @file Defines `store_directory`, the files of a store: which of them count, and when the others go.
///
/// Order is all: run files are synced before a manifest names them (`write_manifest`); a file is removed when the two newest
/// manifests do not name it and nobody in this process reads it.
#pragma once

#include <phantomdb/storage/lsm/manifest.hpp>
#include <phantomdb/storage/lsm/merge.hpp>
#include <phantomdb/storage/lsm/run_check.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::storage::lsm {

/// Any thread. The environment and the cache must outlive it.
template <env::environment Environment>
class store_directory {
public:
    using file_type = run_file<Environment>;
    using piece_type = run_piece<Environment>;

    /// A new run file that no manifest names yet.
    struct written {
        std::unique_ptr<run_writer<Environment>> writer;
        run_record record;
    };
    /// What the store consists of next.
    struct contents {
        lsn_type applied = 0;
        run_list<Environment> runs;
    };

    /// Opens or begins. Throws data_corrupted, feature_not_supported, disk_full, io_error.
    store_directory(Environment& environment, std::string directory, store_options const& options, block_cache& cache)
        : environment_(environment),
          directory_(std::move(directory)),
          cache_(cache),
          health_(options.sync),
          pace_(environment, options.background_bytes_per_second) {
        environment_.create_directory(directory_);
        std::size_t const slash = directory_.find_last_of('/');
        if (slash != std::string::npos && slash > 0 && health_.syncs())
            environment_.sync_directory(directory_.substr(0, slash));
        std::vector<std::uint64_t> manifests, runs;
        for (std::string const& name : environment_.list(directory_)) {
            if (auto const number = number_in(manifest_prefix, name)) manifests.push_back(*number);
            if (auto const number = number_in(run_prefix, name)) runs.push_back(*number);
        }
        // Before one is made: where power went in the midst of a renaming, it may be another name of a manifest.
        environment_.remove(env::join(directory_, unfinished_manifest));
        std::sort(manifests.rbegin(), manifests.rend());
        manifests_ = manifests;
        newest_number_ = manifests.empty() ? 0 : manifests.front();
        if (manifests.empty() && !runs.empty())
            throw damaged_file(env::join(directory_, numbered_name(manifest_prefix, 1)), 0,
                               "There are runs, but no list of them.");
        bool const fell_back = !manifests.empty() && !open_one_of(manifests);
        for (std::uint64_t const number : runs) current_.next_file = std::max(current_.next_file, number + 1);
        next_file_ = current_.next_file;
        if (fell_back) return;  // what the damaged one names may be all somebody has
        try {
            install([](contents&) {}, [](auto const&) {});
        } catch (error const& e) {
            if (e.code != errc::disk_full || manifests.empty() || health_.is_poisoned()) throw;
        }
        std::set<std::uint64_t> const named = current_.files();
        for (std::uint64_t const number : runs) {
            if (!named.contains(number)) environment_.remove(env::join(directory_, run_name(number)));
        }
    }
    store_directory(store_directory const&) = delete;
    store_directory& operator=(store_directory const&) = delete;

    manifest const& current() const { return current_; }  ///< while it is being opened
    run_list<Environment> const& opened_runs() const { return runs_; }

    disk_health& health() { return health_; }
    disk_health const& health() const { return health_; }
    void check() const { health_.check(); }
    /// Of the newest manifest that counts. Grows.
    std::uint64_t generation() const {
        std::lock_guard const hold(install_mutex_);
        return current_.number;
    }
    lsn_type durable() const { return durable_.load(std::memory_order_acquire); }

    std::unique_ptr<run_writer<Environment>> make_writer(run_style style, lsn_type lowest) {
        return std::make_unique<run_writer<Environment>>(writing_to(), next_file_.fetch_add(1), style, lowest);
    }
    std::vector<piece_type> open_pieces(std::vector<written> const& made) {
        std::vector<piece_type> pieces;
        for (written const& w : made) pieces.push_back({open(w.record), {}});
        return pieces;
    }

    /// Makes what `edit(contents&)` leaves what the store consists of, durably, keeps the files of `made`, and then calls
    /// `publish(runs)` before another can install. Throws as `write_manifest` does; nothing has changed then. What `publish` throws
    /// poisons: readers go on with what they had, which is all there.
    template <class Edit, class Publish>
    void install(Edit&& edit, Publish&& publish, std::vector<written> const& made = {}) {
        std::lock_guard const hold(install_mutex_);
        health_.check();
        contents next{current_.applied, runs_};
        edit(next);
        manifest m;
        m.number = newest_number_ + 1;
        m.applied = next.applied;
        m.next_file = next_file_.load();
        for (auto const& run : next.runs) {
            m.runs.push_back({run->level(), run->role(), {}});
            for (piece_type const& piece : run->pieces())
                m.runs.back().pieces.push_back({piece.file->record(), piece.from});
        }
        std::set<std::uint64_t> const named = m.files();
        std::vector<unneeded> gone;
        for (auto const& run : runs_) {
            for (piece_type const& piece : run->pieces()) {
                if (!named.contains(piece.file->record().number)) gone.push_back({piece.file, m.number});
            }
        }
        unneeded_.reserve(unneeded_.size() + gone.size());
        manifests_.reserve(manifests_.size() + 1);
        std::uint64_t const bytes = write_manifest(writing_to(), m);

        for (written const& w : made) w.writer->keep();
        for (unneeded& u : gone) unneeded_.push_back(std::move(u));
        std::uint64_t const before = std::exchange(newest_number_, m.number);
        current_ = std::move(m);
        runs_ = std::move(next.runs);
        durable_.store(current_.applied, std::memory_order_release);
        manifests_.insert(manifests_.begin(), newest_number_);
        std::erase_if(manifests_, [&](std::uint64_t number) {
            return number != newest_number_ && number != before && try_remove(manifest_prefix, number);
        });
        count_bytes(bytes);
        health_.follow([&] { publish(runs_); });
    }

    /// Removes files that neither a manifest kept nor a reader needs. Whether there were any.
    bool remove_unneeded() {
        std::lock_guard const hold(install_mutex_);
        cache_.sweep();
        if (health_.is_poisoned()) return false;
        std::size_t const before = unneeded_.size();
        std::erase_if(unneeded_, [&](unneeded& u) {
            if (!u.is_free() || newest_number_ <= u.since) return false;
            u.stuck = !try_remove(run_prefix, u.file->record().number);
            return !u.stuck;
        });
        if (unneeded_.size() == before) return false;
        count_bytes(0);
        return true;
    }
    /// Where files wait only for another manifest, writes one.
    void release_last() {
        if (has_removable()) install([](contents&) {}, [](auto const&) {});
    }
    bool has_removable() const {
        std::lock_guard const hold(install_mutex_);
        return std::any_of(unneeded_.begin(), unneeded_.end(),
                           [](unneeded const& u) { return u.is_free() && !u.stuck; });
    }

    void count(store_statistics& s) const {
        s.file_bytes = file_bytes_.load(std::memory_order_relaxed);
        s.old_version_bytes = unneeded_bytes_.load(std::memory_order_relaxed);
        s.read_bytes = read_bytes_.load(std::memory_order_relaxed);
        s.written_bytes = written_bytes_.load(std::memory_order_relaxed);
        s.durable = durable();
    }

    void verify(verification const& to) const {
        std::vector<std::shared_ptr<file_type>> files;
        {
            std::lock_guard const hold(install_mutex_);
            for (std::uint64_t const number : manifests_) check_manifest(number, to);
            for (auto const& run : runs_) {
                for (piece_type const& piece : run->pieces()) files.push_back(piece.file);
            }
            for (unneeded const& u : unneeded_) files.push_back(u.file);
        }
        std::uint64_t done = 0, total = 0;
        for (auto const& file : files) total += file->record().bytes;
        for (auto const& file : files) {
            check_run(environment_, directory_, file->record(), to.on_finding);
            done += file->record().bytes;
            if (to.on_progress) to.on_progress(done, total);
        }
    }

private:
    struct unneeded {
        std::shared_ptr<file_type> file;
        std::uint64_t since;  // the first manifest without it
        bool stuck = false;   // could not be removed when it was time
        bool is_free() const { return file.use_count() == 1; }
    };

    writing<Environment> writing_to() { return {environment_, directory_, health_, pace_, written_bytes_}; }

    std::shared_ptr<file_type> open(run_record const& record) {
        return std::make_shared<file_type>(environment_, directory_, record, cache_, read_bytes_);
    }
    /// Opens what the newest manifest names; false: it is damaged, and the one before was taken.
    bool open_one_of(std::vector<std::uint64_t> const& numbers) {
        try {
            open_all(read_manifest(environment_, directory_, numbers.front()));
            return true;
        } catch (file_damage const& newest) {
            // Only damage to the list itself is made good by the list before: another list does not mend a run.
            if (numbers.size() < 2 ||
                number_in(manifest_prefix, newest.file.substr(newest.file.find_last_of('/') + 1)) != numbers.front())
                throw;
            std::optional<file_damage> const cause = newest;
            try {
                open_all(read_manifest(environment_, directory_, numbers[1]));
            } catch (error const&) {
                throw *cause;
            }
            return false;
        }
    }
    void open_all(manifest found) {
        runs_.clear();
        for (manifest::run const& run : found.runs) {
            std::vector<piece_type> pieces;
            for (manifest::piece const& piece : run.pieces) {
                std::string const path = env::join(directory_, run_name(piece.record.number));
                if (!environment_.exists(path)) throw damaged_file(path, 0, "The file is missing.");
                pieces.push_back({open(piece.record), piece.from});
            }
            for (std::size_t i = 1; i < pieces.size(); ++i) {
                run_properties const& a = pieces[i - 1].file->properties();
                run_properties const& b = pieces[i].file->properties();
                if (a.entries > 0 && b.entries > 0 && b.least <= a.greatest)
                    throw damaged_file(pieces[i].file->path(), 0, "It does not fit behind the file before it.");
            }
            runs_.push_back(std::make_shared<sorted_run<Environment> const>(run.level, run.role, std::move(pieces)));
        }
        check_roles(found.number);
        current_ = std::move(found);
        durable_.store(current_.applied, std::memory_order_release);
    }
    /// That an interrupted merge can go on: behind inputs, which are all in one place, there is their output.
    void check_roles(std::uint64_t number) const {
        std::size_t at = 0;
        auto const skip = [&](run_role role) {
            std::size_t const from = at;
            while (at < runs_.size() && runs_[at]->role() == role) ++at;
            return at - from;
        };
        skip(run_role::settled);
        bool const sound = (skip(run_role::input) > 0) == (skip(run_role::output) == 1);
        skip(run_role::settled);
        if (!sound || at != runs_.size()) {
            throw damaged_file(env::join(directory_, numbered_name(manifest_prefix, number)), 0,
                               "The list of runs has a merge without its output.");
        }
    }

    /// Removing is not what anybody waits for: what cannot be removed now is tried again, or removed at the next opening.
    bool try_remove(std::string_view prefix, std::uint64_t number) noexcept {
        try {
            environment_.remove(env::join(directory_, numbered_name(prefix, number)));
            return true;
        } catch (std::exception const&) {
            return false;
        }
    }
    void check_manifest(std::uint64_t number, verification const& to) const {
        try {
            read_manifest(environment_, directory_, number);
        } catch (file_damage const& e) {
            to.on_finding({e.file, e.offset, e.detail});
        } catch (error const& e) {
            to.on_finding({env::join(directory_, numbered_name(manifest_prefix, number)), 0, e.message});
        }
    }
    /// Under install_mutex_. `manifest_bytes`: of the newest, 0: as before.
    void count_bytes(std::uint64_t manifest_bytes) {
        if (manifest_bytes != 0) manifest_bytes_ = manifest_bytes;
        std::uint64_t old = 0, sum = manifest_bytes_ * manifests_.size();
        for (unneeded const& u : unneeded_) old += u.file->record().bytes;
        for (auto const& run : runs_) sum += run->bytes();
        file_bytes_.store(sum + old, std::memory_order_relaxed);
        unneeded_bytes_.store(old, std::memory_order_relaxed);
    }

    Environment& environment_;
    std::string const directory_;
    block_cache& cache_;
    disk_health health_;
    write_pace<Environment> pace_;
    std::atomic<std::uint64_t> read_bytes_{0}, written_bytes_{0}, file_bytes_{0}, unneeded_bytes_{0};
    std::atomic<std::uint64_t> next_file_{1};
    std::atomic<lsn_type> durable_{0};

    mutable std::mutex install_mutex_;
    manifest current_;
    run_list<Environment> runs_;
    std::uint64_t newest_number_ = 0;       // of all manifests that there are, damaged ones included
    std::vector<std::uint64_t> manifests_;  // that there are, newest first
    std::vector<unneeded> unneeded_;
    std::uint64_t manifest_bytes_ = 0;
};

}  // namespace phantomdb::storage::lsm
