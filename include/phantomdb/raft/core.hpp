/// @file Defines `raft_core`, the state machine of one node. How a host drives it: `raft.hpp`.
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/raft/raft_log.hpp>
#include <phantomdb/raft/read_only.hpp>
#include <phantomdb/raft/ready.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::raft {

/// How a node behaves. The same on all nodes of a group, but for `id`.
struct core_options {
    node_id id = nobody;

    unsigned election_ticks = 10;  ///< a follower that hears nothing for this long, up to twice as long, campaigns
    unsigned heartbeat_ticks = 1;  ///< below `election_ticks`, a tenth of it at best

    bool pre_vote = true;  ///< asks whether it would win before it starts a term, so that who returns disturbs nobody
    bool check_quorum =
        true;  ///< a leader that no quorum answers for `election_ticks` steps down; a follower that hears its
               ///< leader ignores candidates
    bool step_down_on_removal = true;  ///< a leader that is no voter any more stops leading
    read_mode reads = read_mode::quorum;
    bool forward_proposals = true;  ///< a follower hands proposals on to the leader, or else refuses them
    bool validate_membership_changes =
        true;  ///< a leader turns a change that cannot follow the membership as applied into
               ///< an empty command. Off only where something above serializes changes

    /// Storing and applying are acknowledged by `persisted` and `applied`, and may lag behind; entries are applied once they
    /// are stored here. Else each `ready` is finished by `advance`.
    bool asynchronous_writes = false;

    std::uint64_t max_message_bytes = 1 << 20;       ///< of entries in one message, beyond the first
    std::uint64_t max_applying_bytes = 64u << 20;    ///< of entries handed out and not applied yet, beyond the first
    std::uint64_t max_uncommitted_bytes = no_limit;  ///< of a leader's payloads; further proposals are refused
    std::size_t max_inflight_messages = 256;         ///< with entries, to one peer
    std::uint64_t max_inflight_bytes = no_limit;     ///< at least `max_message_bytes`
};

/// What became of a call.
enum class outcome : std::uint8_t {
    done,
    dropped,         ///< a proposal: nobody leads, or the leader cannot take it now; try again later or elsewhere
    unknown_sender,  ///< a reply of a node that is no member
};

/// What a node noticed that should not happen often. Counted, for whoever watches.
enum class warning : std::uint8_t {
    cannot_be_leader,        ///< asked to campaign, and is no voter or waits for an image
    change_not_applied,      ///< asked to campaign, and has yet to apply a membership change
    quorum_inactive,         ///< stepped down
    too_much_uncommitted,    ///< refused a proposal
    image_without_us,        ///< an image came for a group this node is no member of
    cannot_forget_by_lease,  ///< asked to forget its leader, on whose lease reads rely
};
inline constexpr std::size_t warnings = 6;

/// The Raft consensus algorithm as a value: messages and ticks in, `ready` out. It has no thread, clock, file or socket, so
/// calls must not overlap; the same calls with the same numbers from `Random` lead to the same state.
///
/// `LogView` is the stored log (see `log_view.hpp`), `Random` a uniform random bit generator.
template <log_view LogView, std::invocable Random>
class raft_core {
public:
    /// A node as of its last start: `state` was stored, `members` are those of the newest image in the log or of what was
    /// applied since, up to `applied`, which is not below the start of the log. `log` outlives the core.
    raft_core(core_options const& options, LogView const& log, hard_state const& state, membership members,
              log_index applied, Random random)
        : options_(options),
          random_(std::move(random)),
          log_(log, options.max_applying_bytes),
          peers_(options.max_inflight_messages, options.max_inflight_bytes) {
        PHANTOMDB_ASSERT(options.id != nobody);
        PHANTOMDB_ASSERT(options.heartbeat_ticks > 0 && options.election_ticks > options.heartbeat_ticks);
        PHANTOMDB_ASSERT(options.max_inflight_bytes == no_limit ||
                         options.max_inflight_bytes >= options.max_message_bytes);
        PHANTOMDB_ASSERT(options.reads == read_mode::quorum || options.check_quorum);
        peers_.switch_to(std::move(members), log_.last_index());
        if (!state.empty()) {
            log_.commit_to(state.commit);  // may lag behind what was applied, and even compacted
            term_ = state.term;
            vote_ = state.vote;
            may_be_leased_ = options.reads == read_mode::lease;
        }
        if (applied > log_.applied()) {
            log_.commit_to(applied);
            log_.applied_to(applied, 0);
        }
        members_index_ = log_.applied();
        become_follower(term_, nobody);
        reported_state_ = current_state();
        reported_role_ = soft();
    }

    // What comes in

    /// Takes a message of a peer, or one this node handed out for itself in `after_persist`.
    outcome step(message m) {
        if (is_reply(m.kind) && peers_.find(m.from) == nullptr) return outcome::unknown_sender;
        return handle(std::move(m));
    }

    /// Time passes.
    void tick() {
        ++ticks_;
        ++election_elapsed_;
        if (ticks_ > options_.election_ticks) may_be_leased_ = false;
        if (role_ != role::leader) {
            if (is_promotable() && election_elapsed_ >= election_timeout_) {
                election_elapsed_ = 0;
                start_election(first_phase());
            }
            return;
        }
        ++heartbeat_elapsed_;
        if (election_elapsed_ >= options_.election_ticks) {
            election_elapsed_ = 0;
            if (options_.check_quorum) check_quorum();
            transferee_ = nobody;  // it had an election timeout to take over
        }
        if (role_ == role::leader && heartbeat_elapsed_ >= options_.heartbeat_ticks) {
            heartbeat_elapsed_ = 0;
            broadcast_heartbeat();
        }
    }

    /// Tries to become leader now. Not while another node may lead by a lease.
    void campaign() {
        if (options_.reads == read_mode::lease && role_ == role::follower && hears_leader()) return;
        start_election(first_phase());
    }

    /// Proposes a command. `done` means that it is on its way, not that it will be committed. Not empty: an empty command in
    /// `ready::committed` is a leader's own.
    outcome propose(payload command) {
        std::vector<entry> entries(1);
        entries[0].data = std::move(command);
        return propose(std::move(entries));
    }
    /// Proposes several at once: all of them follow each other in the log, or none is there.
    outcome propose(std::vector<entry> entries) {
        PHANTOMDB_ASSERT(!entries.empty());
        message m;
        m.kind = message_kind::propose;
        m.from = options_.id;
        m.entries = std::move(entries);
        return handle(std::move(m));
    }
    /// Proposes a change of the membership. At most one is in the log and not applied; a further one becomes an empty command.
    outcome propose_membership(membership_change const& change) {
        std::vector<entry> entries(1);
        entries[0].kind = entry_kind::membership_change;
        entries[0].data = encode(change);
        return propose(std::move(entries));
    }
    /// As above, for one step, which takes no joint membership.
    outcome propose_membership(member_change step) {
        std::vector<entry> entries(1);
        entries[0].kind = entry_kind::member_change;
        entries[0].data = encode(membership_change{transition::automatic, {step}, {}});
        return propose(std::move(entries));
    }

    /// Asks from which index on a read that begins now is linearizable. The answer comes in `ready::reads` under the same
    /// `context`, or never (leaders change, messages get lost): ask again then.
    void read_index(payload context) {
        message m;
        m.kind = message_kind::read_index;
        m.from = options_.id;
        m.context = std::move(context);
        handle(std::move(m));
    }

    /// Asks the leader to let `to` lead. It takes no proposals until that one leads, or an election timeout has passed.
    void transfer_leadership(node_id to) {
        message m;
        m.kind = message_kind::transfer_leader;
        m.from = to;
        handle(std::move(m));
    }

    /// Makes a follower forget whom it follows, so that it votes for others in spite of `check_quorum`: for a host that knows
    /// the leader to be gone. A message of the leader makes it remember. Refused where reads rely on the leader's lease.
    void forget_leader() {
        if (role_ != role::follower) return;
        if (options_.reads == read_mode::lease) return warn(warning::cannot_forget_by_lease);
        leader_ = nobody;
    }

    /// A message to `node` was lost, or it cannot be reached.
    void report_unreachable(node_id node) {
        progress* const peer = role_ == role::leader ? peers_.find(node) : nullptr;
        if (peer != nullptr && peer->state == progress_state::replicate) peer->become_probe();
    }
    /// An image for `node` has been sent to the end, or has failed. Until then, or until the peer acknowledges it, nothing else is
    /// sent: a host reports every image it was given to send, be it late or after a guess.
    void report_image(node_id node, bool arrived) {
        progress* const peer = role_ == role::leader ? peers_.find(node) : nullptr;
        if (peer == nullptr || peer->state != progress_state::image) return;
        if (!arrived) peer->pending_image = 0;
        peer->become_probe();
        // Where it arrived, the peer's own word is on its way; where not, a heartbeat later is soon enough.
        peer->paused = true;
    }

    // What goes out

    bool has_ready() const {
        return reported_role_ != soft() || has_new_state() || log_.unstable().next_image() != nullptr ||
               !log_.unstable().next_entries().empty() || !messages_.empty() || !after_persist_.empty() ||
               log_.has_committed_entries(!options_.asynchronous_writes) || !reads_.empty();
    }

    /// Takes the work at hand; empty where `has_ready` says no. With synchronous writes, `advance` comes before the next one.
    ready take_ready() {
        PHANTOMDB_ASSERT(!advancing_.has_value());
        ready work;
        if (soft_state const now = soft(); now != reported_role_) work.changed_role = reported_role_ = now;
        hard_state const state = current_state();
        std::span<entry const> const unstored = log_.unstable().next_entries();
        work.must_sync = !unstored.empty() || state.term != reported_state_.term || state.vote != reported_state_.vote;
        if (has_new_state()) work.state = reported_state_ = state;
        work.entries.assign(unstored.begin(), unstored.end());
        work.image = log_.unstable().next_image();
        work.committed = log_.committed_entries(!options_.asynchronous_writes);
        work.messages = std::move(messages_);
        work.after_persist = std::move(after_persist_);
        work.reads = std::move(reads_);
        messages_.clear();
        after_persist_.clear();
        reads_.clear();

        // Also where nothing new is to be stored: the acknowledgement of what waits may have been one of an older term.
        if (log_.unstable().has_entries() || work.image) {
            persist_ticket ticket{term_, {}, work.image ? work.image->id.index : 0};
            if (log_.unstable().has_entries()) ticket.last = log_.last();
            work.to_persist = ticket;
        }
        log_.accept_unstable();
        if (!work.committed.empty()) {
            log_index const last = work.committed.back().index;
            work.to_apply = apply_ticket{last, size_of(work.committed), payload_size_of(work.committed)};
            log_.accept_applying(last, work.to_apply->bytes, !options_.asynchronous_writes);
        }
        if (!options_.asynchronous_writes) keep_for_advance(work);
        return work;
    }

    /// Synchronous writes: the last `ready` is stored, its messages are sent or will be, and its entries are applied.
    void advance() {
        PHANTOMDB_ASSERT(advancing_.has_value());
        pending_advance done = std::move(*advancing_);
        advancing_.reset();
        for (message& m : done.to_self) handle(std::move(m));
        if (done.to_persist) persisted(*done.to_persist);
        if (done.to_apply) applied(*done.to_apply);
    }

    /// Asynchronous writes: what came with the ticket, and with all before, is stored. Tickets come back in order.
    void persisted(persist_ticket const& ticket) {
        if (ticket.last.index != 0 && ticket.term == term_) log_.stored(ticket.last);
        // An image is committed state, in whatever term.
        if (ticket.image != 0) {
            log_.stored_image(ticket.image);
            applied_to(ticket.image, 0);
        }
    }
    /// Asynchronous writes: what came with the ticket, and with all before, is applied. Membership changes among it went
    /// through `apply` before.
    void applied(apply_ticket const& ticket) {
        applied_to(ticket.index, ticket.bytes);
        uncommitted_bytes_ -= std::min(uncommitted_bytes_, ticket.payload_bytes);
    }

    /// Switches to the membership that a committed `change` leads to. The host calls it when it applies such an entry, and
    /// may call it with an empty set of steps of node 0 where it decides, like every node, to skip it. A change that cannot be
    /// made is refused by all nodes alike, and nothing changes.
    membership_error apply(membership_change const& change) {
        membership_result result = changed(peers_.members(), change);
        if (result) switch_to(std::move(result.members));
        return result.error;
    }
    /// As above, from the entry. Ignored where the members are as of a later one already: an image overtook it.
    membership_error apply(entry const& e) {
        if (e.index <= members_index_) return membership_error::none;
        members_index_ = e.index;
        std::optional<membership_change> const change = decode_membership_change(e.data.view());
        PHANTOMDB_ASSERT(change.has_value());
        return apply(*change);
    }

    // What it is

    node_id id() const { return options_.id; }
    core_options const& options() const { return options_; }
    raft::role role() const { return role_; }
    node_id leader() const { return leader_; }
    term_number term() const { return term_; }
    node_id vote() const { return vote_; }
    /// Whom leadership is being transferred to.
    node_id transferee() const { return transferee_; }
    raft_log<LogView> const& log() const { return log_; }
    membership const& members() const { return peers_.members(); }
    /// What the leader knows of everyone; of no meaning on others.
    peer_table const& peers() const { return peers_; }
    /// How often something was noticed.
    std::uint64_t count(warning w) const { return warned_[static_cast<std::size_t>(w)]; }
    /// Sets when the next election begins, until the role or the term changes: for tests and simulations.
    void set_election_timeout(unsigned ticks) { election_timeout_ = ticks; }

private:
    enum class election : std::uint8_t { pre, real, transfer };

    struct pending_advance {
        std::vector<message> to_self;
        std::optional<persist_ticket> to_persist;
        std::optional<apply_ticket> to_apply;
    };

    soft_state soft() const { return {leader_, role_}; }
    hard_state current_state() const { return {term_, vote_, log_.committed()}; }
    bool has_new_state() const { return current_state() != reported_state_; }
    void warn(warning w) { ++warned_[static_cast<std::size_t>(w)]; }

    // With synchronous writes what this node tells itself waits for `advance`; peers are told by the host.
    void keep_for_advance(ready& work) {
        advancing_.emplace();
        std::vector<message> to_others;
        for (message& m : work.after_persist)
            (m.to == options_.id ? advancing_->to_self : to_others).push_back(std::move(m));
        work.after_persist = std::move(to_others);
        advancing_->to_persist = work.to_persist;
        advancing_->to_apply = work.to_apply;
    }

    // Sending

    /// Sends with this node's term, but for what carries its own or none.
    void send(message m) {
        if (m.from == nobody) m.from = options_.id;
        switch (m.kind) {
            case message_kind::vote:
            case message_kind::vote_reply:
            case message_kind::pre_vote:
            case message_kind::pre_vote_reply: PHANTOMDB_ASSERT(m.term != 0); break;
            case message_kind::propose:
            case message_kind::read_index: break;
            default: m.term = term_;
        }
        switch (m.kind) {
            // These promise something that a restart must not undo: a vote, the end of a term, entries.
            case message_kind::append_reply:
            case message_kind::vote_reply:
            case message_kind::pre_vote_reply: after_persist_.push_back(std::move(m)); break;
            default: PHANTOMDB_ASSERT(m.to != options_.id); messages_.push_back(std::move(m));
        }
    }
    message to(node_id node, message_kind kind) const {
        message m;
        m.kind = kind;
        m.to = node;
        return m;
    }
    void send_append_reply(node_id node, log_index index) {
        message m = to(node, message_kind::append_reply);
        m.index = index;
        send(std::move(m));
    }

    /// Sends what the peer lacks, as far as flow control lets it; without entries only where `even_empty`. False where nothing
    /// was sent.
    bool send_append(node_id node, progress& peer, bool even_empty) {
        if (peer.is_paused()) return false;
        log_index const previous = peer.next - 1;
        std::optional<term_number> const previous_term = log_.term(previous);
        if (!previous_term) return send_image(node, peer);
        std::vector<entry> entries;
        // With a full window an empty message still goes out now and then: should all in the window be lost, its answer tells.
        if (peer.state != progress_state::replicate || !peer.flight.is_full()) {
            auto found = log_.entries(peer.next, log_.last_index() + 1, options_.max_message_bytes);
            if (!found) return send_image(node, peer);
            entries = std::move(*found);
        }
        if (entries.empty() && !even_empty) return false;
        std::size_t const count = entries.size();
        std::uint64_t const bytes = payload_size_of(entries);
        message m = to(node, message_kind::append);
        m.log_term = *previous_term;
        m.index = previous;
        m.commit = log_.committed();
        m.entries = std::move(entries);
        send(std::move(m));
        peer.sent_entries(count, bytes);
        peer.sent_commit(log_.committed());
        return true;
    }
    bool send_image(node_id node, progress& peer) {
        if (!peer.recently_active) return false;  // an image is large: not to who may be gone
        image_ref image = log_.image();
        // One from before the peer was a member would be refused: a newer one comes.
        if (image == nullptr || !image->members.contains(node)) return false;
        PHANTOMDB_ASSERT(image->id.index > 0);
        peer.become_image(image->id.index);
        message m = to(node, message_kind::image);
        m.image = std::move(image);
        send(std::move(m));
        return true;
    }
    template <class Do>
    void for_others(Do const& act) {
        for (peer& p : peers_) {
            if (p.node != options_.id) act(p.node, p.state);
        }
    }
    void broadcast_append() {
        for_others([&](node_id node, progress& peer) { send_append(node, peer, true); });
    }
    void broadcast_heartbeat() {
        std::uint64_t const round = read_queue_.round();
        for_others([&](node_id node, progress& peer) {
            message m = to(node, message_kind::heartbeat);
            // No further than the peer is known to agree: behind that it may hold entries that were never committed.
            m.commit = std::min(peer.match, log_.committed());
            m.read_round = round;
            m.beat = ticks_ + 1;
            peer.sent_commit(m.commit);
            send(std::move(m));
        });
    }

    // Roles

    void reset(term_number term) {
        if (term_ != term) {
            term_ = term;
            vote_ = nobody;
        }
        leader_ = nobody;
        election_elapsed_ = heartbeat_elapsed_ = 0;
        election_timeout_ = options_.election_ticks + static_cast<unsigned>(random_() % options_.election_ticks);
        transferee_ = nobody;
        votes_.clear();
        peers_.reset(log_.last_index());
        if (progress* const own = peers_.find(options_.id)) own->match = log_.last_index();
        pending_change_ = 0;
        uncommitted_bytes_ = 0;
        read_queue_ = {};
        is_lease_void_ = false;
        early_reads_.clear();
    }
    void become_follower(term_number term, node_id leader) {
        reset(term);
        leader_ = leader;
        role_ = role::follower;
    }
    void become_candidate() {
        PHANTOMDB_ASSERT(role_ != role::leader);
        reset(term_ + 1);
        vote_ = options_.id;
        role_ = role::candidate;
    }
    // Changes nothing that a real candidacy would: neither term nor vote.
    void become_pre_candidate() {
        PHANTOMDB_ASSERT(role_ != role::leader);
        votes_.clear();
        leader_ = nobody;
        role_ = role::pre_candidate;
    }
    void become_leader() {
        PHANTOMDB_ASSERT(role_ == role::candidate);
        reset(term_);
        leader_ = options_.id;
        role_ = role::leader;
        progress* const own = peers_.find(options_.id);
        PHANTOMDB_ASSERT(own != nullptr);
        own->become_replicate();
        own->recently_active = true;
        // There may be a change among what is not applied yet; the next one waits for all of it.
        pending_change_ = log_.last_index();
        // Entries of older terms are committed only together with one of this term (section 5.4.2).
        PHANTOMDB_ASSERT(append_own(std::vector<entry>(1)));
    }

    // Elections

    /// Whether this node could lead: it votes, and its log is not about to be replaced.
    bool is_promotable() const {
        progress const* const own = peers_.find(options_.id);
        return own != nullptr && !own->is_learner && !log_.has_image_pending();
    }

    election first_phase() const { return options_.pre_vote ? election::pre : election::real; }
    void start_election(election kind) {
        if (role_ == role::leader) return;
        if (!is_promotable()) return warn(warning::cannot_be_leader);
        // Among what is committed and not applied may be the change that takes this node's vote away.
        if (has_unapplied_change()) return warn(warning::change_not_applied);
        request_votes(kind);
    }
    bool has_unapplied_change() const {
        for (log_index first = log_.applied() + 1; first <= log_.committed();) {
            auto const page = log_.entries(first, log_.committed() + 1, log_.max_applying_bytes());
            PHANTOMDB_ASSERT(page && !page->empty());
            for (entry const& e : *page) {
                if (e.kind != entry_kind::command) return true;
            }
            first += page->size();
        }
        return false;
    }
    void request_votes(election kind) {
        bool const pre = kind == election::pre;
        if (pre) {
            become_pre_candidate();
        } else {
            become_candidate();
        }
        term_number const term = pre ? term_ + 1 : term_;
        entry_id const last = log_.last();
        for (node_id const node : peers_.members().voters.voters()) {
            message m;
            m.to = node;
            m.term = term;
            if (node == options_.id) {
                // Its own vote counts once it is stored, like anyone's.
                m.kind = pre ? message_kind::pre_vote_reply : message_kind::vote_reply;
            } else {
                m.kind = pre ? message_kind::pre_vote : message_kind::vote;
                m.index = last.index;
                m.log_term = last.term;
                m.by_transfer = kind == election::transfer;
            }
            send(std::move(m));
        }
    }
    void count_vote(message const& m) {
        bool voted = false;
        for (auto const& [node, granted] : votes_) voted = voted || node == m.from;
        if (!voted) votes_.push_back({m.from, !m.rejected});
        switch (peers_.members().voters.result([&](node_id node) -> std::optional<bool> {
            for (auto const& [who, granted] : votes_) {
                if (who == node) return granted;
            }
            return std::nullopt;
        })) {
            case vote_result::won:
                if (role_ == role::pre_candidate) {
                    request_votes(election::real);
                } else {
                    become_leader();
                    broadcast_append();
                }
                break;
            case vote_result::lost: become_follower(term_, nobody); break;
            case vote_result::pending: break;
        }
    }
    /// Steps down unless a quorum was heard of since the last time.
    void check_quorum() {
        if (!peers_.is_quorum_active()) {
            warn(warning::quorum_inactive);
            become_follower(term_, nobody);
        }
        for_others([](node_id, progress& peer) { peer.recently_active = false; });
    }

    // Messages, whatever the role

    outcome handle(message m) {
        if (m.term > term_) {
            if (ignores_candidate(m)) return outcome::done;
            meet_newer_term(m);
        } else if (m.term != 0 && m.term < term_) {
            answer_older_term(m);
            return outcome::done;
        }
        switch (m.kind) {
            case message_kind::vote:
            case message_kind::pre_vote: answer_candidate(m); return outcome::done;
            case message_kind::vote_reply:
            case message_kind::pre_vote_reply:
                if (m.rejected && m.committed.index > log_.committed() && log_.holds(m.committed)) {
                    log_.commit_to(m.committed.index);
                    // With what is committed now, it may not be one to campaign.
                    if (role_ != role::leader) become_follower(term_, nobody);
                }
                break;
            default: break;
        }
        switch (role_) {
            case role::leader: return lead(std::move(m));
            case role::follower: return follow(std::move(m));
            default: return compete(std::move(m));
        }
    }
    /// Whoever hears its leader does not help to depose it (section 6), unless the leader wants it.
    bool ignores_candidate(message const& m) const {
        if (m.kind != message_kind::vote && m.kind != message_kind::pre_vote) return false;
        return options_.check_quorum && hears_leader() && !m.by_transfer;
    }
    /// After a start it is not known whether it did before: with leases, that counts as if.
    bool hears_leader() const {
        return may_be_leased_ || (leader_ != nobody && election_elapsed_ < options_.election_ticks);
    }
    void meet_newer_term(message const& m) {
        // A pre-vote asks about a term that has not begun; its being granted does not begin it either.
        if (m.kind == message_kind::pre_vote) return;
        if (m.kind == message_kind::pre_vote_reply && !m.rejected) return;
        bool const from_leader =
            m.kind == message_kind::append || m.kind == message_kind::heartbeat || m.kind == message_kind::image;
        become_follower(m.term, from_leader ? m.from : nobody);
    }
    void answer_older_term(message const& m) {
        bool const from_leader = m.kind == message_kind::append || m.kind == message_kind::heartbeat;
        if (from_leader && (options_.check_quorum || options_.pre_vote)) {
            // A leader of an older term whom nobody else would tell: candidates of this node's term are ignored by those who
            // hear it. Without an answer this node could neither follow it nor replace it.
            send(to(m.from, message_kind::append_reply));
        } else if (m.kind == message_kind::pre_vote) {
            // Else a candidate with a longer log and an older term would ask for ever.
            message reply = to(m.from, message_kind::pre_vote_reply);
            reply.term = term_;
            reply.rejected = true;
            send(std::move(reply));
        }
    }
    void answer_candidate(message const& m) {
        bool const can_vote = vote_ == m.from || (vote_ == nobody && leader_ == nobody) ||
                              (m.kind == message_kind::pre_vote && m.term > term_);
        // Learners vote, too: one that was promoted may not have heard of it, and its vote may be needed to tell it.
        bool const granted = can_vote && log_.is_up_to_date({m.log_term, m.index});
        message reply =
            to(m.from, m.kind == message_kind::vote ? message_kind::vote_reply : message_kind::pre_vote_reply);
        // A granted pre-vote is of the term asked for; with this node's own the candidate would take it for an old one.
        reply.term = granted ? m.term : term_;
        reply.rejected = !granted;
        // A leader that was removed, or made a learner, may have a longer log than those who remain, and may be the only one to know
        // that its going is committed. Those need its vote as long as they don't: so it tells them.
        if (!granted && !peers_.members().voters.contains(options_.id)) {
            if (auto const term = log_.term(log_.committed())) reply.committed = {*term, log_.committed()};
        }
        send(std::move(reply));
        if (granted && m.kind == message_kind::vote) {
            election_elapsed_ = 0;
            vote_ = m.from;
        }
    }

    // As a candidate of either kind

    outcome compete(message m) {
        switch (m.kind) {
            case message_kind::propose: return outcome::dropped;
            case message_kind::append:
            case message_kind::heartbeat:
            case message_kind::image:
                // Someone leads in this term already.
                become_follower(m.term, m.from);
                return follow(std::move(m));
            case message_kind::vote_reply:
                if (role_ == role::candidate) count_vote(m);
                break;
            case message_kind::pre_vote_reply:
                if (role_ == role::pre_candidate) count_vote(m);
                break;
            default: break;
        }
        return outcome::done;
    }

    // As a follower

    outcome follow(message m) {
        switch (m.kind) {
            case message_kind::append:
                hear_leader(m);
                accept_entries(m);
                break;
            case message_kind::heartbeat: {
                hear_leader(m);
                log_.commit_to(m.commit);
                message reply = to(m.from, message_kind::heartbeat_reply);
                reply.read_round = m.read_round;
                reply.beat = m.beat;
                send(std::move(reply));
                break;
            }
            case message_kind::image:
                hear_leader(m);
                accept_image(m);
                break;
            case message_kind::propose:
                if (leader_ == nobody || !options_.forward_proposals) return outcome::dropped;
                [[fallthrough]];
            case message_kind::transfer_leader:
            case message_kind::read_index:
                if (leader_ == nobody) break;
                m.to = leader_;
                send(std::move(m));
                break;
            // The leader wishes it: no pre-vote, it is known that nothing is cut off.
            case message_kind::timeout_now: start_election(election::transfer); break;
            case message_kind::read_index_reply: reads_.push_back({m.index, std::move(m.context)}); break;
            default: break;
        }
        return outcome::done;
    }
    void hear_leader(message const& m) {
        election_elapsed_ = 0;
        leader_ = m.from;
    }
    void accept_entries(message const& m) {
        if (m.index < log_.committed()) return send_append_reply(m.from, log_.committed());
        if (auto const last = log_.try_append({m.log_term, m.index}, m.entries, m.commit)) {
            return send_append_reply(m.from, *last);
        }
        // Where might the logs agree? Not where this one has a later term than the leader's had at that point, for terms only
        // grow along a log: all of these are skipped at once.
        entry_id const hint = log_.may_agree_at(std::min(m.index, log_.last_index()), m.log_term);
        message reply = to(m.from, message_kind::append_reply);
        reply.index = m.index;
        reply.rejected = true;
        reply.hint = hint.index;
        reply.log_term = hint.term;
        send(std::move(reply));
    }
    void accept_image(message const& m) {
        PHANTOMDB_ASSERT(m.image != nullptr);
        send_append_reply(m.from, restore(m.image) ? log_.last_index() : log_.committed());
    }
    /// False where the image is not needed, or not for this node.
    bool restore(image_ref const& image) {
        if (image->id.index <= log_.committed()) return false;
        if (!image->members.contains(options_.id)) {
            warn(warning::image_without_us);
            return false;
        }
        if (log_.holds(image->id)) {
            // All of it is here, only not known to be committed.
            log_.commit_to(image->id.index);
            return false;
        }
        log_.restore(image);
        members_index_ = image->id.index;
        peers_.restart_with(image->members, log_.last_index());
        return true;
    }

    // As a leader

    outcome lead(message m) {
        switch (m.kind) {
            case message_kind::propose: return accept_proposal(std::move(m.entries));
            case message_kind::read_index: accept_read(std::move(m)); return outcome::done;
            default: break;
        }
        progress* const peer = peers_.find(m.from);
        if (peer == nullptr) return outcome::done;
        switch (m.kind) {
            case message_kind::append_reply:
                peer->recently_active = true;
                if (m.rejected) {
                    hear_rejection(m, *peer);
                } else {
                    hear_acknowledgement(m, *peer);
                }
                break;
            case message_kind::heartbeat_reply:
                peer->recently_active = true;
                peer->paused = false;
                peer->beat = std::max(peer->beat, m.beat);
                // Also an empty one, where the window is full or the peer was probed: it gets things going again.
                if (peer->match < log_.last_index() || peer->state == progress_state::probe)
                    send_append(m.from, *peer, true);
                if (m.read_round != 0) {
                    read_queue_.acknowledge(m.from, m.read_round);
                    answer_confirmed_reads();
                }
                break;
            case message_kind::transfer_leader: begin_transfer(m.from, *peer); break;
            default: break;
        }
        return outcome::done;
    }

    outcome accept_proposal(std::vector<entry> entries) {
        PHANTOMDB_ASSERT(!entries.empty());
        // Who was removed may lead on for a while, but takes nothing new.
        if (peers_.find(options_.id) == nullptr || transferee_ != nobody) return outcome::dropped;
        log_index const last = log_.last_index();
        log_index change_at = pending_change_;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (entries[i].kind == entry_kind::command) continue;
            std::optional<membership_change> const change = decode_membership_change(entries[i].data.view());
            bool const fits =
                change && change_at <= log_.applied() && peers_.members().is_joint() == change->steps.empty();
            if (fits || (change && !options_.validate_membership_changes)) {
                change_at = last + i + 1;
            } else {
                entries[i] = entry{};
            }
        }
        if (!append_own(std::move(entries))) return outcome::dropped;
        pending_change_ = std::max(pending_change_, change_at);
        broadcast_append();
        return outcome::done;
    }
    /// Appends entries of this term. False where too much waits to be committed.
    bool append_own(std::vector<entry> entries) {
        log_index last = log_.last_index();
        for (entry& e : entries) {
            e.term = term_;
            e.index = ++last;
        }
        std::uint64_t const bytes = payload_size_of(entries);
        // The first one may be of any size, or it could never be. Without bytes are a leader's first entry and the one that
        // leaves a joint membership, which must not fail.
        bool const too_much =
            options_.max_uncommitted_bytes < bytes || uncommitted_bytes_ > options_.max_uncommitted_bytes - bytes;
        if (uncommitted_bytes_ > 0 && bytes > 0 && too_much) {
            warn(warning::too_much_uncommitted);
            return false;
        }
        uncommitted_bytes_ += bytes;
        log_.append(entries);
        // The leader acknowledges its own entries like anyone, once they are stored.
        send_append_reply(options_.id, last);
        return true;
    }

    void hear_rejection(message const& m, progress& peer) {
        // The mirror of what the follower did to find its hint: where this log has later terms, they cannot agree.
        log_index const hint = m.log_term > 0 ? log_.may_agree_at(m.hint, m.log_term).index : m.hint;
        if (!peer.reject(m.index, hint)) return;
        if (peer.state == progress_state::replicate) peer.become_probe();
        send_append(m.from, peer, true);
    }
    void hear_acknowledgement(message const& m, progress& peer) {
        bool const is_news = peer.acknowledge(m.index);
        if (!is_news && !(peer.match == m.index && peer.state == progress_state::probe)) return;
        switch (peer.state) {
            case progress_state::probe: peer.become_replicate(); break;
            case progress_state::image:
                // Whichever image it has got, and from whom: what counts is that the log goes on from there.
                if (peer.match + 1 < log_.first_index()) break;
                peer.become_probe();
                peer.become_replicate();
                break;
            case progress_state::replicate: peer.flight.free_up_to(m.index); break;
        }
        bool const is_self = m.from == options_.id;
        if (try_commit()) {
            release_early_reads();
            broadcast_append();
        } else if (!is_self && peer.wants_commit(log_.committed())) {
            send_append(m.from, peer, true);
        }
        if (is_self) return;
        // Room in the window may be room for several messages.
        while (send_append(m.from, peer, false)) {
        }
        if (m.from == transferee_ && peer.match == log_.last_index()) send(to(m.from, message_kind::timeout_now));
    }
    /// Commits what a quorum holds, if the last of it is of this term (section 5.4.2).
    bool try_commit() {
        log_index const held = peers_.committed();
        if (held <= log_.committed() || log_.term(held) != term_) return false;
        log_.commit_to(held);
        return true;
    }

    void begin_transfer(node_id to_whom, progress& peer) {
        if (peer.is_learner || to_whom == transferee_) return;
        transferee_ = nobody;
        if (to_whom == options_.id) return;
        election_elapsed_ = 0;  // it has an election timeout to take over
        transferee_ = to_whom;
        is_lease_void_ = true;  // it may be voted for in spite of leases, also after this has been given up
        if (peer.match == log_.last_index()) {
            send(to(to_whom, message_kind::timeout_now));
        } else {
            send_append(to_whom, peer, true);
        }
    }

    // Reads

    void accept_read(message m) {
        // Until it has committed an entry of its term a leader does not know how far its predecessors had, nor, after a start, how
        // far it had itself.
        if (log_.term(log_.committed()) != term_) return early_reads_.push_back(std::move(m));
        begin_read(std::move(m));
    }
    void begin_read(message m) {
        membership const& members = peers_.members();
        bool const is_alone = !members.is_joint() && members.voters.incoming.voters == node_set{options_.id};
        if (is_alone || (options_.reads == read_mode::lease && has_lease())) {
            return answer_read(m.from, {log_.committed(), std::move(m.context)});
        }
        read_queue_.add(m.from, log_.committed(), std::move(m.context));
        read_queue_.acknowledge(options_.id, read_queue_.round());
        broadcast_heartbeat();
    }
    /// Whether a quorum will not vote for another before this node's next tick. A tick less than it promised, because its ticks
    /// need not fall together with this node's.
    bool has_lease() const {
        return !is_lease_void_ && peers_.members().voters.result([this](node_id node) -> std::optional<bool> {
            progress const* const peer = peers_.find(node);
            return node == options_.id || (peer->beat != 0 && ticks_ + 1 - peer->beat < options_.election_ticks - 1);
        }) == vote_result::won;
    }
    void release_early_reads() {
        if (early_reads_.empty() || log_.term(log_.committed()) != term_) return;
        std::vector<message> const waiting = std::exchange(early_reads_, {});
        for (message const& m : waiting) begin_read(m);
    }
    void answer_confirmed_reads() {
        for (auto& read : read_queue_.take_confirmed(peers_.members().voters)) {
            answer_read(read.reader, std::move(read.answer));
        }
    }
    void answer_read(node_id reader, confirmed_read answer) {
        if (reader == nobody || reader == options_.id) return reads_.push_back(std::move(answer));
        message m = to(reader, message_kind::read_index_reply);
        m.index = answer.index;
        m.context = std::move(answer.context);
        send(std::move(m));
    }

    // Applying and membership

    void applied_to(log_index index, std::uint64_t bytes) {
        log_.applied_to(std::max(index, log_.applied()), bytes);
        if (!peers_.members().auto_leave || role_ != role::leader || log_.applied() < pending_change_) return;
        // Refused while leadership is being transferred: tried again with what is applied next, here or by the new leader.
        std::vector<entry> leave(1);
        leave[0].kind = entry_kind::membership_change;
        accept_proposal(std::move(leave));
    }
    void switch_to(membership members) {
        peers_.switch_to(std::move(members), log_.last_index());
        if (role_ != role::leader) return;
        progress const* const own = peers_.find(options_.id);
        if (own == nullptr || own->is_learner) {
            if (options_.step_down_on_removal) become_follower(term_, nobody);
            return;
        }
        if (try_commit()) {
            // A smaller quorum may hold more.
            release_early_reads();
            broadcast_append();
        } else {
            for_others([&](node_id node, progress& peer) { send_append(node, peer, false); });
        }
        answer_confirmed_reads();
        if (transferee_ != nobody && !peers_.members().voters.contains(transferee_)) transferee_ = nobody;
    }

    core_options options_;
    Random random_;
    raft_log<LogView> log_;
    peer_table peers_;

    term_number term_ = 0;
    node_id vote_ = nobody;
    raft::role role_ = role::follower;
    node_id leader_ = nobody;
    node_id transferee_ = nobody;
    std::vector<std::pair<node_id, bool>> votes_;

    std::uint64_t ticks_ = 0;         // since the start
    bool may_be_leased_ = false;      // may have answered a leader's heartbeat before the start
    unsigned election_elapsed_ = 0;   // since the leader was heard, a vote was cast, or a leader has checked its quorum
    unsigned heartbeat_elapsed_ = 0;  // a leader's
    unsigned election_timeout_ = 0;   // in [election_ticks, 2 × election_ticks)

    log_index pending_change_ = 0;         // at or above the last membership change that is in the log and not applied
    std::uint64_t uncommitted_bytes_ = 0;  // may be less than there are, never more
    log_index members_index_ = 0;          // the members are as of this entry, or a later one that changes nothing
    bool is_lease_void_ = false;           // a transfer was begun in this term
    read_queue read_queue_;
    std::vector<message> early_reads_;  // came before the leader had committed an entry of its term

    std::vector<message> messages_;
    std::vector<message> after_persist_;
    std::vector<confirmed_read> reads_;
    hard_state reported_state_;
    soft_state reported_role_;
    std::optional<pending_advance> advancing_;
    std::array<std::uint64_t, warnings> warned_{};
};

}  // namespace phantomdb::raft
