/// @file A group of nodes with simulated disks, network and clients, run in one thread from a seed, and what must hold of it.
///
/// A run has two phases. First everything happens at once: messages are lost, doubled, late and reordered, links are cut one way or
/// both, nodes crash between any two of their writes and come back, stop and go on, the membership changes, logs are
/// compacted. Then all of it ends, and the group has to make progress.
///
/// Held against it all the time:
/// - no two leaders in a term;
/// - logs that agree on an entry agree on all before it;
/// - nobody applies another entry at an index than anyone else ever has;
/// - a new leader has every entry that was applied;
/// - a read sees what was acknowledged before it was asked;
/// and at the end: every node has applied the same, and every acknowledged command is among it.
#pragma once

#include <phantomdb/codec/varint.hpp>
#include <phantomdb/raft/raft.hpp>
#include <phantomdb/sim/network.hpp>
#include <phantomdb/sim/random.hpp>

#include "raft/rare.hpp"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace phantomdb::test {

/// Mistakes of a host or its disk, each of which the simulation has to find.
enum class mistake {
    none,
    promises_before_storing,  ///< sends votes and acknowledgements before what they promise is durable
    forgets_its_vote,         ///< the vote is not stored
    loses_entries,            ///< a crash takes the last entries that were durable
    grants_every_vote,
    acknowledges_everything,  ///< a follower says that it has what it refused
    reads_without_asking,     ///< answers reads from what it has applied
    applies_again,            ///< the state is kept over a restart, but not how far it was applied
    forgets_the_members,      ///< starts with the first members again
    skips_an_image,           ///< acknowledges an image without installing it
    commits_blindly,          ///< believes that everyone has what the leader has committed
};
inline constexpr mistake mistakes[]{mistake::promises_before_storing, mistake::forgets_its_vote,
                                    mistake::loses_entries,           mistake::grants_every_vote,
                                    mistake::acknowledges_everything, mistake::reads_without_asking,
                                    mistake::applies_again,           mistake::forgets_the_members,
                                    mistake::skips_an_image,          mistake::commits_blindly};

inline char const* name_of(mistake m) {
    switch (m) {
        case mistake::none: return "none";
        case mistake::promises_before_storing: return "promises before storing";
        case mistake::forgets_its_vote: return "forgets its vote";
        case mistake::loses_entries: return "loses entries";
        case mistake::grants_every_vote: return "grants every vote";
        case mistake::acknowledges_everything: return "acknowledges everything";
        case mistake::reads_without_asking: return "reads without asking";
        case mistake::applies_again: return "applies again";
        case mistake::forgets_the_members: return "forgets the members";
        case mistake::skips_an_image: return "skips an image";
        case mistake::commits_blindly: return "commits blindly";
    }
    return "";
}

/// How often what happened in a run, to see that the rare does happen.
struct simulation_counts {
    std::uint64_t elections = 0, commands = 0, acknowledged = 0, reads = 0, crashes = 0, images = 0, changes = 0,
                  transfers = 0, stops = 0, truncated = 0;
    rare_counts rare;

    void add(simulation_counts const& o) {
        elections += o.elections, commands += o.commands, acknowledged += o.acknowledged, reads += o.reads;
        crashes += o.crashes, images += o.images, changes += o.changes, transfers += o.transfers, stops += o.stops;
        truncated += o.truncated;
        rare.add(o.rare);
    }
};

/// What a node of a simulation has stored, kept in memory: a model of what `basic_simulation` asks of a storage.
class memory_storage {
public:
    using log_type = raft::memory_log;

    memory_storage(std::uint64_t, rare_counts&) {}

    log_type const& log() const { return log_; }
    raft::hard_state const& state() const { return state_; }

    /// Everything is durable when it returns.
    void store(std::optional<raft::hard_state> const& state, raft::image_ref const& image,
               std::span<raft::entry const> entries, bool) {
        if (state) state_ = *state;
        if (image) log_.install(image);
        log_.append(entries);
    }
    void keep(raft::image_ref image) { log_.keep(std::move(image)); }
    void compact(raft::log_index index) { log_.compact(index); }
    /// The machine stops, while `next` is being written if there is such.
    void crash(std::uint64_t, raft::ready const*) {}
    /// A disk that lies.
    void lose_last_entry() {
        if (log_.last_index() <= log_.first_index() + 3) return;
        raft::memory_log shorter;
        raft::log_index const first = log_.first_index();
        shorter.install(std::make_shared<raft::image const>(
            raft::image{{*log_.term(first - 1), first - 1}, log_.image()->members, {}}));
        shorter.keep(log_.image());
        shorter.append(log_.entries(first, log_.last_index() - 1, raft::no_limit));
        log_ = shorter;
        state_.commit = std::min(state_.commit, log_.last_index());
    }

private:
    raft::memory_log log_;
    raft::hard_state state_;
};

template <class Storage>
class basic_simulation {
public:
    explicit basic_simulation(std::uint64_t seed, mistake made = mistake::none)
        : random_(sim::mix(seed, 1)), network_(sim::mix(seed, 2)), mistake_(made) {
        size_ = random_.chance(1, 2) ? 3 : 5;
        options_.election_ticks = 10;
        options_.asynchronous_writes = random_.chance(1, 2);
        options_.pre_vote = random_.chance(2, 3);
        options_.check_quorum = random_.chance(2, 3);
        options_.step_down_on_removal = random_.chance(2, 3);
        if (options_.check_quorum && random_.chance(1, 2)) options_.reads = raft::read_mode::lease;
        options_.max_message_bytes = random_.chance(1, 2) ? 64 : 1 << 20;
        options_.max_inflight_messages = 1 + random_.below(8);
        options_.max_applying_bytes = random_.chance(1, 2) ? 100 : 1 << 20;
        changes_members_ = options_.pre_vote && options_.check_quorum && random_.chance(1, 2);
        // A leader that was removed and goes on takes no proposals: by design, but no progress.
        if (changes_members_) options_.step_down_on_removal = true;
        // Leases need clocks that run alike.
        alike_ = options_.reads == raft::read_mode::lease;

        raft::node_id const members = changes_members_ && size_ == 5 ? 3 : size_;
        for (raft::node_id id = 1; id <= members; ++id) first_members_.voters.incoming.voters.insert(id);
        auto const start = std::make_shared<raft::image const>(raft::image{{1, 1}, first_members_, {}});
        for (raft::node_id id = 1; id <= size_; ++id) {
            auto n = std::make_unique<node>(sim::mix(seed, 100 + id), counts_.rare);
            n->id = id;
            if (id <= members) n->stored.store(std::nullopt, start, {}, true);
            n->tick_every = alike_ ? 10 : 8 + random_.below(5);
            n->next_tick = random_.below(10);
            nodes_.push_back(std::move(n));
            launch(*nodes_.back());
        }
    }

    /// What was violated and when; nothing where all held.
    std::optional<std::string> run() {
        network_.conditions = {1,
                               4 + random_.below(30),
                               static_cast<unsigned>(random_.below(150)),
                               static_cast<unsigned>(random_.below(100)),
                               static_cast<unsigned>(random_.below(50)),
                               400};
        std::uint64_t const chaos = 4000 + random_.below(3000);
        while (now_ < chaos && !violation_) {
            step();
            misbehave();
            clients();
            if (now_ % 500 == 0) compare_logs();
        }
        calm_down();
        std::uint64_t const deadline = now_ + 30000;
        std::uint64_t target = 0;
        while (!violation_ && now_ < deadline) {
            step();
            if (now_ % 50 == 0) target = drive_to_agreement(target);
            if (target == all_agree) break;
        }
        if (!violation_ && target != all_agree) violate("no progress after the faults have ended: " + picture());
        compare_logs();
        compare_states();
        if (!violation_) return std::nullopt;
        return "at " + std::to_string(now_) + ": " + *violation_;
    }
    simulation_counts const& counts() const { return counts_; }

private:
    static constexpr std::uint64_t all_agree = ~std::uint64_t{0};

    using core = raft::raft_core<typename Storage::log_type, sim::random_source>;

    struct write {
        raft::ready work;
        std::uint64_t done_at = 0;
    };
    struct application {
        std::vector<raft::entry> entries;
        raft::apply_ticket ticket;
        std::uint64_t done_at = 0;
    };
    struct node {
        node(std::uint64_t seed, rare_counts& counts) : stored(seed, counts) {}

        raft::node_id id = 0;
        Storage stored;
        // Lost in a crash, and made again from the image and the log.
        std::unique_ptr<core> raft;
        std::vector<std::uint64_t> applied;  // commands
        raft::log_index applied_index = 0;
        raft::membership members;
        std::deque<write> writes;
        std::deque<application> applications;
        std::deque<std::pair<std::uint64_t, raft::node_id>> image_reports;  // when, and to whom it went
        std::map<std::string, std::uint64_t> asked;                         // reads: what they must see
        std::set<std::uint64_t> proposed;                                   // commands whose clients wait here
        raft::role last_role = raft::role::follower;
        raft::term_number led_term = 0;

        std::uint64_t tick_every = 10, next_tick = 0;
        std::uint64_t starts_at = 0, stopped_until = 0;
        bool is_up() const { return raft != nullptr; }
    };

    void violate(std::string what) {
        if (!violation_) violation_ = std::move(what);
    }
    std::string picture() const {
        std::string text;
        for (auto const& n : nodes_) {
            text += " [" + std::to_string(n->id) + (n->is_up() ? "" : " down");
            if (n->is_up()) {
                text += " role " + std::to_string(static_cast<int>(n->raft->role())) + " term " +
                        std::to_string(n->raft->term()) + " leader " + std::to_string(n->raft->leader()) + " last " +
                        std::to_string(n->raft->log().last_index()) + " commit " +
                        std::to_string(n->raft->log().committed()) + " applied " + std::to_string(n->applied_index) +
                        ' ' + raft::describe(n->raft->members());
            }
            text += ']';
        }
        return text;
    }

    // The state: commands in order, and as bytes.

    static raft::payload bytes_of(std::vector<std::uint64_t> const& commands) {
        std::string bytes;
        for (std::uint64_t const command : commands) codec::append_varint(bytes, command);
        return raft::payload(std::move(bytes));
    }
    static std::vector<std::uint64_t> commands_of(std::string_view bytes) {
        std::vector<std::uint64_t> commands;
        for (std::uint64_t command = 0; codec::take_varint(bytes, command);) commands.push_back(command);
        return commands;
    }
    static std::uint64_t command_of(raft::entry const& e) {
        std::string_view bytes = e.data.view();
        std::uint64_t command = 0;
        codec::take_varint(bytes, command);
        return command;
    }

    // A node

    void launch(node& n) {
        bool const keeps_state = mistake_ == mistake::applies_again && !n.applied.empty();
        if (raft::image_ref const image = n.stored.log().image()) {
            if (!keeps_state) n.applied = commands_of(image->data.view());
            n.applied_index = image->id.index;
            n.members = image->members;
        }
        if (mistake_ == mistake::forgets_the_members) n.members = first_members_;
        raft::core_options options = options_;
        options.id = n.id;
        n.raft = std::make_unique<core>(options, n.stored.log(), n.stored.state(), n.members, n.applied_index,
                                        sim::random_source(sim::mix(random_(), n.id)));
        n.last_role = raft::role::follower;
    }
    /// `during`: what it was about to store.
    void crash(node& n, raft::ready const* during = nullptr) {
        if (!n.is_up()) return;
        ++counts_.crashes;
        n.raft.reset();
        n.applications.clear();
        n.image_reports.clear();
        // Any beginning of what was being written may have come through.
        for (std::uint64_t through = random_.below(n.writes.size() + 1); through > 0; --through) {
            store(n, n.writes.front().work);
            n.writes.pop_front();
        }
        if (during == nullptr && !n.writes.empty()) during = &n.writes.front().work;
        n.stored.crash(random_(), during);
        n.writes.clear();
        n.asked.clear();
        n.proposed.clear();
        if constexpr (requires { n.stored.lose_last_entry(); }) {
            if (mistake_ == mistake::loses_entries) n.stored.lose_last_entry();
        }
        network_.lose_arrivals(n.id);
        n.starts_at = now_ + 1 + random_.below(random_.chance(1, 3) ? 20 : 600);
    }

    void store(node& n, raft::ready const& work) {
        std::optional<raft::hard_state> state = work.state;
        if (state && mistake_ == mistake::forgets_its_vote) state->vote = raft::nobody;
        raft::image_ref const image = mistake_ == mistake::skips_an_image ? nullptr : work.image;
        if (image != nullptr) {
            ++counts_.images;
            reach(rare::image_installed);
        }
        std::span<raft::entry const> entries = work.entries;
        if (!entries.empty()) {
            raft::log_index const last = n.stored.log().last_index();
            if (entries.front().index <= last) {
                ++counts_.truncated;
                reach(rare::entries_replaced);
            }
            if (entries.front().index > last + 1) entries = {};  // only after a mistake
        }
        n.stored.store(state, image, entries, work.must_sync);
    }
    // An image that is durable is the state from now on.
    void take_over(node& n, raft::image const& image) {
        if (image.id.index <= n.applied_index) return;
        n.applied = commands_of(image.data.view());
        n.applied_index = image.id.index;
        n.members = image.members;
    }
    void apply(node& n, std::vector<raft::entry> const& entries) {
        bool has_new_members = false;
        for (raft::entry const& e : entries) {
            if (e.index <= n.applied_index) continue;  // an image was faster
            if (e.index != n.applied_index + 1) return violate("node " + std::to_string(n.id) + " skips entries");
            auto const [at, is_new] = decided_.try_emplace(e.index, e);
            if (!is_new && !(at->second == e)) {
                return violate("node " + std::to_string(n.id) + " applies another entry at " + std::to_string(e.index));
            }
            n.applied_index = e.index;
            if (n.raft->role() == raft::role::leader && e.term < n.raft->term()) reach(rare::old_terms_entry);
            if (e.kind != raft::entry_kind::command) {
                raft::membership_result const next =
                    raft::changed(n.members, *raft::decode_membership_change(e.data.view()));
                if (next) n.members = next.members;
                if (n.raft->role() == raft::role::leader && !n.members.contains(n.id)) reach(rare::leader_removed);
                n.raft->apply(e);
                ++counts_.changes;
                has_new_members = true;
                if (n.members.is_joint()) reach(rare::joint_membership);
                if (!n.members.learners.empty()) reach(rare::learner);
            } else if (!e.data.empty()) {
                std::uint64_t const command = command_of(e);
                n.applied.push_back(command);
                if (n.proposed.erase(command) > 0) {
                    acknowledged_.insert(command);
                    acknowledged_index_ = std::max(acknowledged_index_, e.index);
                    ++counts_.acknowledged;
                }
            }
        }
        if (has_new_members) keep_image(n);
    }

    void reach(rare what) { counts_.rare.met(what); }
    void note(raft::message const& m) {
        using enum raft::message_kind;
        switch (m.kind) {
            case vote_reply: return m.rejected ? reach(rare::vote_refused) : void();
            case pre_vote_reply: return m.rejected ? reach(rare::pre_vote_refused) : void();
            case append_reply: return m.rejected ? reach(rare::append_refused) : void();
            case image: return reach(rare::image_sent);
            case propose: return reach(rare::proposal_forwarded);
            case read_index: return reach(rare::read_forwarded);
            case timeout_now: return reach(rare::transfer_ordered);
            default: return;
        }
    }
    void send(node& n, std::vector<raft::message>& messages) {
        for (raft::message& m : messages) {
            note(m);
            if (mistake_ == mistake::grants_every_vote && m.kind == raft::message_kind::vote_reply) m.rejected = false;
            if (mistake_ == mistake::acknowledges_everything && m.kind == raft::message_kind::append_reply)
                m.rejected = false;
            if (mistake_ == mistake::commits_blindly && m.kind == raft::message_kind::heartbeat) {
                m.commit = n.raft->log().committed();
                raft::node_id const to = m.to;
                if (node& peer = *nodes_[to - 1]; peer.is_up()) {
                    m.commit = std::min(m.commit, peer.raft->log().last_index());
                }
            }
            // A transport knows when an image did not get through, but not soon, and not always rightly.
            if (m.kind == raft::message_kind::image) n.image_reports.push_back({now_ + 300, m.to});
            if (m.to == n.id) {
                if (n.is_up()) n.raft->step(std::move(m));
            } else {
                network_.send(now_, n.id, m.to, std::move(m));
            }
        }
        messages.clear();
    }
    void answer(node& n, std::vector<raft::confirmed_read> const& reads) {
        if (!reads.empty() && alike_ && n.raft->role() == raft::role::leader) reach(rare::lease_read);
        for (raft::confirmed_read const& read : reads) {
            auto const found = n.asked.find(std::string(read.context.view()));
            if (found == n.asked.end()) continue;
            raft::log_index const sees = mistake_ == mistake::reads_without_asking ? n.applied_index : read.index;
            if (sees < found->second) {
                violate("node " + std::to_string(n.id) + " reads at " + std::to_string(sees) +
                        " what was acknowledged at " + std::to_string(found->second));
            }
            n.asked.erase(found);
            ++counts_.reads;
        }
    }
    bool crashes_while_storing(raft::ready const& work) {
        return is_chaos_ && random_.chance(1, work.image != nullptr ? 5 : 1500);
    }
    /// Who comes back before the votes of a term are in may be asked again.
    bool crashes_after_voting(raft::ready const& work) {
        return is_chaos_ && work.state && work.state->vote != raft::nobody && random_.chance(1, 15);
    }
    bool crashes_here() { return is_chaos_ && random_.chance(1, 4000); }

    void work(node& n) {
        for (int rounds = 0; n.is_up() && n.raft->has_ready() && !violation_; ++rounds) {
            if (rounds > 1000) return violate("node " + std::to_string(n.id) + " never comes to rest");
            raft::ready todo = n.raft->take_ready();
            watch(n);
            send(n, todo.messages);
            if (crashes_here()) return crash(n);
            if (options_.asynchronous_writes) {
                answer(n, todo.reads);
                if (mistake_ == mistake::promises_before_storing) send(n, todo.after_persist);
                if (!todo.committed.empty()) {
                    std::uint64_t const before = n.applications.empty() ? now_ : n.applications.back().done_at;
                    n.applications.push_back({std::move(todo.committed), *todo.to_apply, before + random_.below(20)});
                }
                if (todo.persists()) {
                    std::uint64_t const before = n.writes.empty() ? now_ : n.writes.back().done_at;
                    n.writes.push_back({std::move(todo), before + writing_time()});
                }
                continue;
            }
            if (mistake_ == mistake::promises_before_storing) {
                send(n, todo.after_persist);
                if (random_.chance(1, 300)) return crash(n);
            }
            if (crashes_while_storing(todo)) return crash(n, &todo);
            store(n, todo);
            if (crashes_here()) return crash(n);
            if (todo.image) take_over(n, *todo.image);
            send(n, todo.after_persist);
            if (crashes_after_voting(todo)) return crash(n);
            apply(n, todo.committed);
            answer(n, todo.reads);
            if (crashes_here()) return crash(n);
            n.raft->advance();
        }
    }
    std::uint64_t writing_time() { return !is_chaos_ ? 1 : random_.below(random_.chance(1, 20) ? 200 : 15); }
    void finish_writes(node& n) {
        while (n.is_up() && !n.writes.empty() && n.writes.front().done_at <= now_) {
            if (crashes_while_storing(n.writes.front().work)) return crash(n);
            raft::ready done = std::move(n.writes.front().work);
            n.writes.pop_front();
            store(n, done);
            if (crashes_here()) return crash(n);
            if (done.image) take_over(n, *done.image);
            send(n, done.after_persist);
            if (crashes_after_voting(done)) return crash(n);
            if (done.to_persist) n.raft->persisted(*done.to_persist);
            work(n);
        }
        while (n.is_up() && !n.applications.empty() && n.applications.front().done_at <= now_) {
            application const done = std::move(n.applications.front());
            n.applications.pop_front();
            apply(n, done.entries);
            n.raft->applied(done.ticket);
            work(n);
        }
    }

    void step() {
        ++now_;
        while (auto arrived = network_.receive(now_)) {
            node& n = *nodes_[arrived->to - 1];
            if (!n.is_up() || n.stopped_until > now_) continue;
            n.raft->step(std::move(arrived->packet));
            work(n);
            if (violation_) return;
        }
        for (auto const& each : nodes_) {
            node& n = *each;
            if (!n.is_up() && n.starts_at <= now_) launch(n);
            if (!n.is_up() || n.stopped_until > now_ || violation_) continue;
            finish_writes(n);
            if (n.is_up() && n.next_tick <= now_) {
                n.next_tick = now_ + n.tick_every;
                n.raft->tick();
            }
            for (; n.is_up() && !n.image_reports.empty() && n.image_reports.front().first <= now_;
                 n.image_reports.pop_front()) {
                n.raft->report_image(n.image_reports.front().second, false);
            }
            work(n);
        }
    }

    // What must hold

    void watch(node& n) {
        raft::role const now = n.raft->role();
        if (n.last_role == raft::role::candidate && now == raft::role::follower) reach(rare::candidate_lost);
        if (n.last_role == raft::role::leader && now != raft::role::leader)
            reach(n.raft->term() == n.led_term ? rare::leader_without_quorum : rare::leader_deposed);
        if (now == raft::role::leader) n.led_term = n.raft->term();
        if (now == raft::role::leader) {
            auto const [at, is_new] = leaders_.try_emplace(n.raft->term(), n.id);
            if (!is_new && at->second != n.id) {
                violate("nodes " + std::to_string(at->second) + " and " + std::to_string(n.id) + " both lead in term " +
                        std::to_string(n.raft->term()));
            }
            if (n.last_role != now) {
                ++counts_.elections;
                for (auto const& [index, e] : decided_) {
                    if (e.term >= n.raft->term()) break;  // it may have won late, when there were newer leaders already
                    auto const term = n.raft->log().term(index);
                    if (index >= n.raft->log().first_index() && term != e.term) {
                        violate("the leader of term " + std::to_string(n.raft->term()) + " lacks what was applied at " +
                                std::to_string(index));
                    }
                }
            }
        }
        n.last_role = now;
    }
    void compare_logs() {
        for (auto const& a : nodes_) {
            for (auto const& b : nodes_) {
                if (a->id >= b->id || !a->is_up() || !b->is_up()) continue;
                auto const &x = a->raft->log(), &y = b->raft->log();
                raft::log_index const first = std::max(x.first_index(), y.first_index());
                bool agree = false;
                for (raft::log_index i = std::min(x.last_index(), y.last_index()); i >= first && i > 0; --i) {
                    if (x.term(i) == y.term(i)) {
                        auto const left = x.entries(i, i + 1, 0), right = y.entries(i, i + 1, 0);
                        if (left && right && !(*left == *right))
                            violate("entries of one id differ at " + std::to_string(i));
                        agree = true;
                    } else if (agree) {
                        violate("logs agree after " + std::to_string(i) + " but not there");
                    }
                }
            }
        }
    }
    void compare_states() {
        if (violation_) return;
        std::vector<std::uint64_t> all;
        for (auto const& [index, e] : decided_) {
            if (e.kind == raft::entry_kind::command && !e.data.empty()) all.push_back(command_of(e));
        }
        for (auto const& n : nodes_) {
            if (!n->is_up() || n->applied_index < decided_.rbegin()->first) continue;
            if (n->applied != all) violate("the state of node " + std::to_string(n->id) + " is not what was decided");
        }
        std::set<std::uint64_t> const present(all.begin(), all.end());
        for (std::uint64_t const command : acknowledged_) {
            if (!present.contains(command)) violate("an acknowledged command is lost: " + std::to_string(command));
        }
    }

    // What happens to it

    node& any_node() { return *nodes_[random_.below(size_)]; }

    void misbehave() {
        if (random_.chance(1, 500)) crash(any_node());
        if (!alike_ && random_.chance(1, 700)) {
            any_node().stopped_until = now_ + random_.below(500);
            ++counts_.stops;
        }
        if (random_.chance(1, 300)) cut_links();
        if (random_.chance(1, 400)) network_.heal();
        if (random_.chance(1, 200)) compact(any_node());
        if (random_.chance(1, 900)) {
            node& n = any_node();
            if (n.is_up() && n.stopped_until <= now_) {
                ++counts_.transfers;
                n.raft->transfer_leadership(1 + random_.below(size_));
                work(n);
            }
        }
        if (changes_members_ && random_.chance(1, 300)) change_members(any_node());
        node& n = any_node();
        if (random_.chance(1, 300) && n.is_up() && n.stopped_until <= now_) {
            n.raft->report_unreachable(1 + random_.below(size_));
            n.raft->report_image(1 + random_.below(size_), random_.chance(1, 2));
            if (options_.reads == raft::read_mode::quorum && random_.chance(1, 4)) n.raft->forget_leader();
            work(n);
        }
    }
    void cut_links() {
        switch (random_.below(3)) {
            case 0:  // one way
                network_.cut(1 + random_.below(size_), 1 + random_.below(size_));
                break;
            case 1: {  // one node from all
                raft::node_id const alone = 1 + random_.below(size_);
                for (raft::node_id id = 1; id <= size_; ++id) network_.cut(alone, id), network_.cut(id, alone);
                break;
            }
            default: {  // in two, with a bridge or without
                std::uint64_t const side = random_.below(1u << size_);
                raft::node_id const bridge = random_.chance(1, 3) ? 1 + random_.below(size_) : 0;
                for (raft::node_id a = 1; a <= size_; ++a) {
                    for (raft::node_id b = 1; b <= size_; ++b) {
                        if (a != bridge && b != bridge && (side >> a & 1) != (side >> b & 1)) network_.cut(a, b);
                    }
                }
            }
        }
    }
    void compact(node& n) {
        if (!n.is_up() || !keep_image(n)) return;
        reach(rare::log_compacted);
        n.stored.compact(n.applied_index - random_.below(n.applied_index - n.stored.log().first_index() + 1));
    }
    bool keep_image(node& n) {
        if (n.applied_index < n.stored.log().first_index() || n.applied_index > n.stored.log().last_index())
            return false;
        if (n.stored.log().image() != nullptr && n.stored.log().image()->id.index >= n.applied_index) return false;
        n.stored.keep(std::make_shared<raft::image const>(
            raft::image{{*n.stored.log().term(n.applied_index), n.applied_index}, n.members, bytes_of(n.applied)}));
        return true;
    }
    void change_members(node& n) {
        if (!n.is_up() || n.stopped_until > now_) return;
        raft::membership_change change;
        if (random_.chance(1, 3)) change.how = static_cast<raft::transition>(random_.below(3));
        bool const leaves = n.raft->members().is_joint() && random_.chance(1, 2);
        for (std::uint64_t steps = leaves ? 0 : 1 + random_.below(3); steps > 0; --steps) {
            static constexpr raft::change_kind kinds[]{raft::change_kind::add_voter, raft::change_kind::add_voter,
                                                       raft::change_kind::remove, raft::change_kind::add_learner};
            change.steps.push_back({kinds[random_.below(4)], 1 + random_.below(size_)});
        }
        if (leaves) change.how = raft::transition::automatic;
        n.raft->propose_membership(change);
        work(n);
    }
    bool propose(node& n) {
        if (!n.is_up() || n.stopped_until > now_) return false;
        std::uint64_t const command = ++counts_.commands;
        std::string bytes;
        codec::append_varint(bytes, command);
        if (n.raft->propose(raft::payload(std::move(bytes))) != raft::outcome::done) return false;
        n.proposed.insert(command);
        work(n);
        return true;
    }
    void clients() {
        if (random_.chance(1, 20)) propose(any_node());
        if (random_.chance(1, 40)) read(any_node());
    }
    void read(node& n) {
        if (!n.is_up() || n.stopped_until > now_) return;
        std::string const name = std::to_string(++read_number_);
        n.asked[name] = acknowledged_index_;
        if (mistake_ == mistake::reads_without_asking) {
            answer(n, {{0, raft::payload(name)}});
        } else {
            n.raft->read_index(raft::payload(name));
            work(n);
        }
    }

    // The second phase

    void calm_down() {
        is_chaos_ = false;
        network_.heal();
        network_.conditions = {1, 4, 0, 0, 0, 0};
        for (auto const& n : nodes_) {
            n->starts_at = std::min(n->starts_at, now_ + 1);
            n->stopped_until = 0;
            for (write& w : n->writes) w.done_at = std::min(w.done_at, now_);
        }
    }
    /// Proposes until a command went in after the faults, then waits until all members have it.
    std::uint64_t drive_to_agreement(std::uint64_t target) {
        node* leader = nullptr;
        for (auto const& n : nodes_) {
            if (n->is_up() && n->raft->role() == raft::role::leader &&
                (leader == nullptr || n->raft->term() > leader->raft->term())) {
                leader = n.get();
            }
        }
        if (leader == nullptr) return target;
        if (target == 0 || leader->raft->log().last_index() < target) {
            if (leader->raft->members().is_joint()) leader->raft->propose_membership(raft::membership_change{});
            if (!propose(*leader)) return 0;
            target = leader->raft->log().last_index();
        }
        if (leader->applied_index < target || leader->raft->members().is_joint()) {
            // A leader that is no member any more does not take the leave; one that waits for it gets it again.
            if (leader->applied_index >= target) return 0;
            return target;
        }
        for (raft::node_id const id : leader->raft->members().everyone()) {
            if (!nodes_[id - 1]->is_up() || nodes_[id - 1]->applied_index < leader->applied_index) return target;
        }
        return leader->applied_index == leader->raft->log().last_index() ? all_agree : target;
    }

    sim::random_source random_;
    sim::network<raft::message> network_;
    mistake mistake_;
    raft::core_options options_;
    std::size_t size_ = 3;
    bool changes_members_ = false;
    bool alike_ = false;
    bool is_chaos_ = true;
    raft::membership first_members_;
    std::vector<std::unique_ptr<node>> nodes_;
    std::uint64_t now_ = 0;

    std::map<raft::term_number, raft::node_id> leaders_;
    std::map<raft::log_index, raft::entry> decided_;
    std::set<std::uint64_t> acknowledged_;
    raft::log_index acknowledged_index_ = 0;
    std::uint64_t read_number_ = 0;
    std::optional<std::string> violation_;
    simulation_counts counts_;
};

using simulation = basic_simulation<memory_storage>;

}  // namespace phantomdb::test
