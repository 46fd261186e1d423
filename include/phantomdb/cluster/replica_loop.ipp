// The loop of a replica: what the core has to have done, round by round. Part of replica.ipp.
#pragma once

#include <phantomdb/cluster/replica_state.hpp>

#include <algorithm>

namespace phantomdb::cluster {

void replica::state::catch_up_with_time() {
    auto const now = clock::now();
    // Who was stopped for long has to notice before it answers anything; more than this says nothing new.
    unsigned most = 4 * options.election_ticks;
    for (; next_tick_ <= now && most > 0; --most) {
        core_->tick();
        next_tick_ += options.tick;
    }
    if (next_tick_ <= now) next_tick_ = now + options.tick;
}

void replica::state::take_inbox() {
    while (!inbox_.empty()) {
        raft::message m = std::move(inbox_.front());
        inbox_.pop_front();
        auto const image = m.image;
        node_id const from = m.from;
        core_->step(std::move(m));
        // Not every image that comes is still of use.
        if (image == nullptr) continue;
        if (core_->log().unstable().next_image() == image) image_from_ = from;
        else images_->settled(image->id, from, false);
    }
}

void replica::state::run() {
    std::unique_lock hold(mutex_);
    try {
        while (!stopping_) {
            wake_.wait_until(hold, next_tick_, [&] {
                return stopping_ || !inbox_.empty() || core_->has_ready() ||
                       (!new_reads_.empty() && core_->leader() != raft::nobody);
            });
            if (stopping_) break;
            do {
                catch_up_with_time();
                take_inbox();
                ask_for_reads();
                look_at_role(std::nullopt);
                if (core_->has_ready()) round(hold);
                look_after_things();
            } while (!stopping_ && (core_->has_ready() || !inbox_.empty()));
        }
    } catch (std::exception const& e) {
        if (!hold.owns_lock()) hold.lock();
        fail(e);
    }
}

/// What can wait for a tick.
void replica::state::look_after_things() {
    auto const now = clock::now();
    if (now < next_look_) return;
    next_look_ = now + options.tick;
    settle_lost_commits(now);
    // Not at once: they are to hear that they are removed.
    if (!removed_.empty() && removed_told_ < now - 20 * options.tick) {
        if (removed_told_ != clock::time_point{}) {
            for (node_id const node : std::exchange(removed_, {})) network->remove_peer(node);
        }
        removed_told_ = removed_.empty() ? clock::time_point{} : now;
    }
    compact();
    make_image_if_needed();
    change_members_if_due();
}

void replica::state::fail(std::exception const& why) {
    failed_ = why.what();
    if (auto const* known = dynamic_cast<error const*>(&why)) failed_ = known->message;
    set_epoch(0);
    for (auto& [lsn, commit] : commits_) {
        if (commit.what == commit_in_flight::fate::open) commit.what = commit_in_flight::fate::unknown;
        commit.settled.notify_all();
    }
    tell(replica_event::kind::failed, options.cluster.node, failed_);
}

void replica::state::round(std::unique_lock<std::mutex>& hold) {
    raft::ready work = core_->take_ready();
    look_at_role(work.changed_role);
    hold.unlock();
    send(std::move(work.messages));
    hold.lock();
    if (work.state || work.image || !work.entries.empty()) write_entries(hold, work);
    hold.unlock();
    send(std::move(work.after_persist));
    hold.lock();
    if (work.image != nullptr) install(hold, *work.image);
    if (!work.committed.empty()) apply(hold, work.committed);
    for (raft::confirmed_read const& read : work.reads) {
        auto const found = rounds_.find(codec::unpack<std::uint64_t>(read.context.view()));
        if (found == rounds_.end()) continue;  // asked again meanwhile
        for (waiting_read* reader : found->second.readers) {
            reader->index = read.index;
            confirmed_.push_back(reader);
        }
        rounds_.erase(found);
    }
    core_->advance();
    look_at_role(std::nullopt);
    answer_reads();
    begin_epoch_if_due(hold);
}

void replica::state::send(std::vector<raft::message> messages) {
    for (raft::message& m : messages) {
        if (m.kind == raft::message_kind::image) {
            images_->send({m.to, m.term, m.image});
        } else {
            network->send(std::move(m));
        }
    }
}

void replica::state::write_entries(std::unique_lock<std::mutex>& hold, raft::ready const& work) {
    bool told = false;
    for (;;) {
        try {
            storage::lsn_type const change = log_->write(work);
            hold.unlock();
            if (work.must_sync || work.image != nullptr) log_->sync(change);
            hold.lock();
            return;
        } catch (error const& e) {
            if (!hold.owns_lock()) hold.lock();
            if (e.code != errc::disk_full || stopping_) throw;
            // Without room this node stores nothing; the others go on without it, and so does its store, whose checkpoints make room.
            if (!std::exchange(told, true)) tell(replica_event::kind::trouble, options.cluster.node, e.message);
            log_->give_up_spares();
            try {
                compact();
            } catch (error const& again) {
                if (again.code != errc::disk_full) throw;
            }
            wake_.wait_for(hold, std::chrono::milliseconds(200), [&] { return stopping_; });
            if (stopping_) throw;
        }
    }
}

void replica::state::install(std::unique_lock<std::mutex>& hold, raft::image const& image) {
    std::string const folder = env::join(options.directory, "image");
    hold.unlock();
    environment_.open(image_path("installing"), env::open_mode::create).sync();
    environment_.sync_directory(folder);
    machine_->install(image_path("pending"), image.id.index);
    environment_.remove(image_path("installing"));
    environment_.sync_directory(folder);
    environment_.remove(image_path("pending"));
    tell(replica_event::kind::image_installed, options.cluster.node, "to " + std::to_string(image.id.index));
    hold.lock();
    applied_ = std::max(applied_, image.id.index);
    stored_ = std::max(stored_, image.id.index);
    images_->settled(image.id, image_from_, true);
}

/// Where another leader's entry has come to be committed, no open commit of an older term at its place or behind can be any more.
void replica::state::refuse_overwritten(std::vector<raft::entry> const& committed) {
    for (raft::entry const& e : committed) {
        for (auto at = commits_.lower_bound({e.index, 0}); at != commits_.end(); ++at) {
            commit_in_flight& commit = at->second;
            if (commit.what != commit_in_flight::fate::open || at->first.second >= e.term) continue;
            commit.what = commit_in_flight::fate::refused;
            commit.settled.notify_all();
        }
    }
}

void replica::state::apply(std::unique_lock<std::mutex>& hold, std::vector<raft::entry> const& committed) {
    refuse_overwritten(committed);
    std::vector<storage::logged_batch> batches;
    std::vector<raft::entry_id> own;
    for (raft::entry const& e : committed) {
        if (e.kind != raft::entry_kind::command || e.data.empty() || e.index <= stored_) continue;
        auto const found = commits_.find({e.index, e.term});
        bool const is_own = found != commits_.end() && found->second.what == commit_in_flight::fate::open;
        batches.push_back({e.index, e.data.view(), is_own});
        if (is_own) own.push_back(e.id());
    }
    if (!batches.empty()) {
        hold.unlock();
        machine_->apply(batches);
        hold.lock();
    }
    applied_ = committed.back().index;
    for (raft::entry_id const id : own) {
        auto const found = commits_.find({id.index, id.term});
        if (found == commits_.end() || found->second.what != commit_in_flight::fate::open) continue;  // told at `stop`
        found->second.what = commit_in_flight::fate::applied;
        found->second.settled.notify_all();
    }
    for (raft::entry const& e : committed) {
        if (e.kind == raft::entry_kind::command) continue;
        raft::node_set const before = core_->members().everyone();
        if (core_->apply(e) != raft::membership_error::none || core_->members().everyone() == before) continue;
        tell(replica_event::kind::membership, options.cluster.node, raft::describe(core_->members()));
        for (node_id const node : before) {
            if (core_->members().contains(node)) continue;
            joiners_.erase(node);
            if (node != options.cluster.node) removed_.insert(node);
            else throw error(errc::object_not_in_prerequisite_state, "this node was removed from its cluster");
        }
    }
}

void replica::state::look_at_role(std::optional<raft::soft_state> const& changed) {
    std::uint64_t const epoch = epoch_.load(std::memory_order_relaxed);
    bool const leads = core_->role() == raft::role::leader;
    term_.store(core_->term(), std::memory_order_relaxed);
    if (epoch != 0 && (!leads || core_->term() != epoch)) set_epoch(0);
    if (leads) {
        bool const open_of_before = std::any_of(commits_.begin(), commits_.end(), [&](auto const& each) {
            return each.second.what == commit_in_flight::fate::open && each.first.second != core_->term();
        });
        if (!open_of_before) lost_leadership_.reset();
    } else if (!lost_leadership_) {
        lost_leadership_ = clock::now();
    }
    if (!changed || (changed->leader == role_.leader && changed->role == role_.role)) return;
    role_ = *changed;
    if (role_.role == raft::role::leader) tell(replica_event::kind::leads, options.cluster.node, {});
    else if (role_.leader != raft::nobody) tell(replica_event::kind::follows, role_.leader, {});
    else if (role_.role == raft::role::follower) tell(replica_event::kind::no_leader, raft::nobody, {});
}

void replica::state::begin_epoch_if_due(std::unique_lock<std::mutex>& hold) {
    if (core_->role() != raft::role::leader || epoch_.load(std::memory_order_relaxed) == core_->term()) return;
    // Its first entry of this term is applied, and with it everything before.
    auto const term = core_->log().term(applied_);
    if (!term || *term != core_->term()) return;
    raft::term_number const mine = core_->term();
    hold.unlock();
    machine_->begin_epoch();
    hold.lock();
    if (core_->role() == raft::role::leader && core_->term() == mine) set_epoch(mine);
}

void replica::state::settle_lost_commits(clock::time_point now) {
    if (!lost_leadership_ || now - *lost_leadership_ < options.resolution_limit) return;
    bool const leads = core_->role() == raft::role::leader;
    for (auto& [id, commit] : commits_) {
        if (commit.what != commit_in_flight::fate::open || (leads && id.second == core_->term())) continue;
        commit.what = commit_in_flight::fate::unknown;
        commit.settled.notify_all();
    }
}

}  // namespace phantomdb::cluster
