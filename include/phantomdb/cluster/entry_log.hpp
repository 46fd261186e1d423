/// @file Defines `entry_log`, what a replica stores of its group: entries, votes, and where its log begins.
///
/// Nothing is logged twice: the write batches of a replicated shard are in the entries, and these in the segment files of
/// `storage/local_log.hpp`, with its checksums, its recycling and its rules for torn tails. Here a file's records are not entries
/// but changes, because a follower's entries may be replaced by a later leader's:
///
///     change    archive of: state (term, vote, commit), if it changed
///                           begin (entry id, members, and whether what came before is void), if it moved
///                           entries, in place of all from the index of the first of them on
///
/// One change is one record, so what a `raft::ready` wants stored is there after a crash wholly or not at all. Reading the
/// changes from first to last gives the log. To forget entries that are in a checkpoint, `compact` writes a change with the new
/// beginning and the state, and lets the segments below the change go that holds the first entry kept: what is left then begins
/// somewhere, and is whole if it says where the log begins and has every entry from there on.
///
/// The entries themselves are kept in memory as well, as they are asked for again and again: by the core, for the peers, and to
/// be applied.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/cluster/raft_archive.hpp>
#include <phantomdb/codec/archive.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/raft/log_view.hpp>
#include <phantomdb/raft/ready.hpp>
#include <phantomdb/storage/local_log.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::cluster {

namespace detail {

/// Where a log begins: behind this entry.
struct log_beginning {
    raft::entry_id after;
    raft::membership members;  // as of that entry
    bool replaces_all = false;

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive & after & members & replaces_all;
    }
};

struct log_change {
    std::optional<raft::hard_state> state;
    std::optional<log_beginning> begin;
    std::vector<raft::entry> entries;

    template <class Archive>
    void serialize(Archive& archive, unsigned) {
        archive & state & begin & entries;
    }
};

/// Puts a log together from the changes that are left of it.
class log_reading {
public:
    void take(log_change change, storage::lsn_type at) {
        if (change.state) state = *change.state;
        if (change.begin) begin_at(std::move(*change.begin), at);
        if (!change.entries.empty()) append(std::move(change.entries), at);
    }

    /// Whether everything from the beginning on is there. `whole_file` where no record was ever let go.
    bool is_whole(bool whole_file) const {
        if (!begin && !whole_file) return false;
        raft::log_index const before = begin ? begin->after.index : 0;
        return !gap_ && (entries.empty() || entries.front().index == before + 1);
    }

    raft::hard_state state;
    std::optional<log_beginning> begin;
    storage::lsn_type begin_place = 0;  // of the change that says so
    std::deque<raft::entry> entries;
    std::deque<storage::lsn_type> places;  // of the change that holds an entry

private:
    void begin_at(log_beginning at, storage::lsn_type place) {
        if (at.replaces_all) {
            entries.clear();
            places.clear();
            gap_ = false;
        }
        while (!entries.empty() && entries.front().index <= at.after.index) {
            entries.pop_front();
            places.pop_front();
        }
        begin = std::move(at);
        begin_place = place;
    }
    void append(std::vector<raft::entry> fresh, storage::lsn_type at) {
        raft::log_index const first = fresh.front().index;
        while (!entries.empty() && entries.back().index >= first) {
            entries.pop_back();
            places.pop_back();
        }
        // Where nothing is before them, they may belong behind entries whose changes are gone; see `is_whole`.
        gap_ = gap_ || (!entries.empty() && first != entries.back().index + 1);
        for (raft::entry& e : fresh) {
            entries.push_back(std::move(e));
            places.push_back(at);
        }
    }

    bool gap_ = false;
};

}  // namespace detail

/// The stored log of one replica: a `raft::log_view`, and what `raft::raft_core` is started with. Not for concurrent use, other
/// than `sync` beside anything that does not write. Errors leave it as it was before the call.
template <env::environment Environment>
class entry_log {
public:
    /// Opens the log in `directory`, or begins one there. Throws data_corrupted where something that was acknowledged cannot be
    /// read: such a replica must not take part under its id any more, it might vote against what it has promised.
    entry_log(Environment& environment, std::string directory, storage::local_log_options options = {})
        : directory_(std::move(directory)) {
        detail::log_reading reading;
        storage::lsn_type first = 0;
        try {
            log_.emplace(environment, directory_, options, storage::wherever_it_begins,
                         [&](storage::lsn_type lsn, std::string_view bytes) {
                             if (first == 0) first = lsn;
                             reading.take(codec::unpack<detail::log_change>(bytes), lsn);
                         });
        } catch (error const& e) {
            if (e.code == errc::data_corrupted) throw_damaged(e.message);
            throw;
        }
        if (!reading.is_whole(first <= 1)) throw_damaged("Changes are missing from its beginning.");
        state_ = reading.state;
        if (reading.begin) begin(*reading.begin);
        std::vector<raft::entry> const entries(reading.entries.begin(), reading.entries.end());
        cache_.append(entries);
        places_ = std::move(reading.places);
        if (state_.commit > last_index()) throw_damaged("It ends before what it knows to be committed.");
        if (reading.begin)
            log_->truncate(std::min(reading.begin_place, places_.empty() ? reading.begin_place : places_.front()));
    }

    /// Whether nothing was ever stored: a node that has not been told yet which group it is in.
    bool empty() const { return state_.empty() && last_index() == 0; }

    // ---- raft::log_view ----

    raft::log_index first_index() const { return cache_.first_index(); }
    raft::log_index last_index() const { return cache_.last_index(); }
    std::optional<raft::term_number> term(raft::log_index index) const { return cache_.term(index); }
    std::vector<raft::entry> entries(raft::log_index first, raft::log_index end, std::uint64_t bytes) const {
        return cache_.entries(first, end, bytes);
    }
    /// What was given to `keep_image` last; null before, and where the log begins behind it by now.
    raft::image_ref image() const {
        return image_ != nullptr && image_->id.index + 1 >= first_index() ? image_ : nullptr;
    }

    // ---- what was stored ----

    raft::hard_state const& state() const { return state_; }
    /// The group as of the entry at `index`, which is committed and not below `first_index() - 1`: what a node is started with
    /// that has applied so far. Linear in the number of entries before it.
    raft::membership members_at(raft::log_index index) const {
        raft::membership members = members_;
        for (raft::entry const& e : cache_.entries(first_index(), index + 1, raft::no_limit)) {
            if (e.kind == raft::entry_kind::command) continue;
            auto const change = raft::decode_membership_change(e.data.view());
            if (!change) throw_damaged("Entry " + std::to_string(e.index) + " is no change of the membership.");
            if (auto next = raft::changed(members, *change)) members = std::move(next.members);  // else it was refused
        }
        return members;
    }
    storage::log_statistics statistics() const { return log_->statistics(); }
    /// Reads the files again. From any thread, beside anything.
    void verify(storage::verification const& to) const { log_->verify(to); }
    /// Gives up files that are kept only to be fast; whether there were any.
    bool give_up_spares() { return log_->give_up_spares(); }

    // ---- storing ----

    /// Stores what a `raft::ready` asks for, as one change, in the file; `sync` of what it returns makes it durable. Throws
    /// disk_full and out_of_memory, after which nothing has changed and it may be called again; io_error, after which only
    /// opening the log again helps.
    storage::lsn_type write(std::optional<raft::hard_state> const& state, raft::image_ref const& image,
                            std::span<raft::entry const> entries) {
        detail::log_change change;
        change.state = state;
        if (image != nullptr) change.begin = detail::log_beginning{image->id, image->members, true};
        change.entries.assign(entries.begin(), entries.end());
        storage::lsn_type const at = put(change);
        if (state) state_ = *state;
        if (image != nullptr) begin(*change.begin);
        if (!entries.empty()) {
            raft::log_index const first = std::max(entries.front().index, first_index());
            places_.resize(first - first_index());
            cache_.append(entries);
            places_.resize(last_index() + 1 - first_index(), at);
        }
        return at;
    }
    storage::lsn_type write(raft::ready const& work) { return write(work.state, work.image, work.entries); }

    /// Returns once the change, and all before it, would survive a loss of power. Throws disk_full, io_error.
    void sync(storage::lsn_type change) { log_->wait_durable(change); }

    /// Forgets the entries up to `index`, which are committed and whose effects are durable elsewhere.
    void compact(raft::log_index index) {
        if (index < first_index()) return;
        detail::log_change change;
        change.state = state_;
        change.begin = detail::log_beginning{{*cache_.term(index), index}, members_at(index), false};
        storage::lsn_type const at = put(change);
        sync(at);
        begin(*change.begin);
        log_->truncate(places_.empty() ? at : std::min(at, places_.front()));
    }

    /// Takes `image` as the one to be sent to peers that need entries which are gone.
    void keep_image(raft::image_ref image) { image_ = std::move(image); }

private:
    storage::lsn_type put(detail::log_change const& change) {
        storage::lsn_type const at = log_->append(codec::pack(change));
        log_->wait_written(at);
        return at;
    }

    /// The log begins behind an entry from now on.
    void begin(detail::log_beginning const& at) {
        members_ = at.members;
        if (at.replaces_all || at.after.index > last_index()) {
            cache_ = {};
            cache_.install(std::make_shared<raft::image const>(raft::image{at.after, at.members, {}}));
            places_.clear();
            return;
        }
        raft::log_index const gone = at.after.index + 1 - first_index();
        cache_.compact(at.after.index);
        places_.erase(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(gone));
    }

    [[noreturn]] void throw_damaged(std::string const& how) const {
        throw error(errc::data_corrupted, "the replicated log in \"" + directory_ + "\" is damaged")
            .with_detail(how)
            .with_hint(
                "This node may have promised what it cannot read any more, so it must not vote. Remove it from its "
                "group, and let it join again with a new id and an empty directory: it gets everything from its "
                "peers.");
    }

    std::string directory_;
    std::optional<storage::local_log<Environment>> log_;
    raft::memory_log cache_;
    std::deque<storage::lsn_type> places_;  // by index, from first_index() on: the change that holds an entry
    raft::hard_state state_;
    raft::membership members_;  // as of the entry before the first
    raft::image_ref image_;
};

}  // namespace phantomdb::cluster
