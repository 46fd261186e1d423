// What a replica does now and then: entries and images that are needed or not any more, and its members. Part of replica.ipp.
#pragma once

#include <phantomdb/cluster/replica_state.hpp>

#include <algorithm>

namespace phantomdb::cluster {

void replica::state::compact() {
    raft::log_index const end = std::min(stored_, applied_);
    if (end < log_->first_index() || end == compacted_for_) return;  // nothing new is in a checkpoint
    compacted_for_ = end;
    std::uint64_t kept = 0;
    raft::log_index keep_from = end + 1;
    while (keep_from > log_->first_index() && kept < options.kept_log_bytes) {
        auto const one = log_->entries(keep_from - 1, keep_from, raft::no_limit);
        kept += raft::size_of(one);
        --keep_from;
    }
    if (keep_from > log_->first_index()) log_->compact(keep_from - 1);
}

void replica::state::make_image_if_needed() {
    if (core_->role() != raft::role::leader || making_image_ || images_->is_sending()) return;
    bool needed = false;
    for (raft::peer const& p : core_->peers())
        needed =
            needed || (p.node != options.cluster.node && p.state.recently_active && p.state.next < log_->first_index());
    if (!needed) return;
    if (auto const ready = log_->image(); ready != nullptr && ready->members.everyone() == core_->members().everyone())
        return;
    making_image_ = true;
    if (image_maker_.joinable()) image_maker_.join();
    image_maker_ = std::thread([this] {
        std::string const file = image_path("outgoing");
        std::string why;
        // What is visible now has everything up to here; where it has no more, it also stands for what lies between and is no batch.
        raft::log_index lsn = applied();
        try {
            lsn = std::max<raft::log_index>(lsn, machine_->write_image(file).lsn);
        } catch (std::exception const& e) {
            why = e.what();
        }
        std::lock_guard const hold(mutex_);
        making_image_ = false;
        auto const term = log_->term(lsn);
        if (why.empty() && term && lsn + 1 >= log_->first_index()) {
            log_->keep_image(std::make_shared<raft::image const>(
                raft::image{{*term, lsn}, log_->members_at(lsn), raft::payload(file)}));
        } else if (!why.empty()) {
            tell(replica_event::kind::trouble, options.cluster.node, "an image could not be written: " + why);
        }
        wake_.notify_all();
    });
}

/// Who has asked for it becomes a learner, and a learner that has caught up votes from then on. One at a time.
void replica::state::change_members_if_due() {
    if (core_->role() != raft::role::leader || core_->members().is_joint() || applied_ < promotion_) return;
    std::erase_if(joiners_, [&](node_id node) { return core_->members().contains(node); });
    if (!joiners_.empty()) {
        core_->propose_membership(raft::member_change{raft::change_kind::add_learner, *joiners_.begin()});
        promotion_ = core_->log().last_index();
        return;
    }
    for (raft::peer const& p : core_->peers()) {
        if (!core_->members().learners.contains(p.node) || p.state.state != raft::progress_state::replicate) continue;
        if (p.state.match + 16 < core_->log().last_index()) continue;
        core_->propose_membership(raft::member_change{raft::change_kind::add_voter, p.node});
        promotion_ = core_->log().last_index();  // not again before it is applied, or refused
        return;
    }
}

void replica::state::change_members(raft::membership_change change) {
    std::lock_guard const hold(mutex_);
    if (core_->role() != raft::role::leader)
        throw error(errc::object_not_in_prerequisite_state, "this node does not lead its cluster")
            .with_hint(who_leads());
    if (core_->members().is_joint() || core_->propose_membership(change) != raft::outcome::done) {
        throw error(errc::object_not_in_prerequisite_state, "another change of the cluster's members is under way")
            .with_hint("Try again once it is done.");
    }
    wake_.notify_all();
}

}  // namespace phantomdb::cluster
