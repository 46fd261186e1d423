#include <phantomdb/cluster/replica_loop.ipp>
#include <phantomdb/cluster/replica_state.hpp>
#include <phantomdb/cluster/replica_upkeep.ipp>

#include <algorithm>
#include <filesystem>

namespace phantomdb::cluster {

namespace {

namespace codes {
inline constexpr sqlstate resolution_unknown{"08007"}, cannot_connect_now{"57P03"}, admin_shutdown{"57P01"};
}

/// A group's log, as a shard asks it.
class group_log final : public storage::log_kind {
public:
    explicit group_log(std::function<storage::lsn_type(std::string_view, epoch_type)> append,
                       std::function<void(storage::lsn_type, epoch_type)> wait,
                       std::function<void(storage::lsn_type)> truncate,
                       std::function<storage::log_statistics()> statistics, std::function<epoch_type()> epoch,
                       std::function<storage::lsn_type()> applied,
                       std::function<void(storage::verification const&)> verify)
        : append_(std::move(append)),
          wait_(std::move(wait)),
          truncate_(std::move(truncate)),
          statistics_(std::move(statistics)),
          epoch_(std::move(epoch)),
          applied_(std::move(applied)),
          verify_(std::move(verify)) {}

    storage::lsn_type append(std::string_view payload, epoch_type epoch) override { return append_(payload, epoch); }
    void wait_durable(storage::lsn_type lsn, epoch_type epoch) override { wait_(lsn, epoch); }
    /// The same: what the group has not agreed on must not be seen.
    void wait_written(storage::lsn_type lsn, epoch_type epoch) override { wait_(lsn, epoch); }
    bool is_refused(storage::lsn_type) const override { return false; }
    storage::lsn_type durable() const override { return applied_(); }
    storage::lsn_type last() const override { return applied_(); }
    void read(storage::lsn_type, storage::log_reader const&) override {}
    void truncate(storage::lsn_type below) override { truncate_(below); }
    storage::log_statistics statistics() const override { return statistics_(); }
    epoch_type epoch() const override { return epoch_(); }
    bool applies() const override { return true; }
    void verify(storage::verification const& to) const override { verify_(to); }

private:
    std::function<storage::lsn_type(std::string_view, epoch_type)> append_;
    std::function<void(storage::lsn_type, epoch_type)> wait_;
    std::function<void(storage::lsn_type)> truncate_;
    std::function<storage::log_statistics()> statistics_;
    std::function<epoch_type()> epoch_;
    std::function<storage::lsn_type()> applied_;
    std::function<void(storage::verification const&)> verify_;
};

raft::core_options core_options_of(replica_options const& options) {
    raft::core_options made;
    made.id = options.cluster.node;
    made.election_ticks = options.election_ticks;
    made.forward_proposals = false;  // a proposal is only right for who has decided its locks
    made.max_inflight_bytes = std::uint64_t{64} << 20;
    return made;
}

}  // namespace

std::string_view name_of(replica_event::kind what) {
    using kind = replica_event::kind;
    switch (what) {
        case kind::leads: return "leads";
        case kind::follows: return "follows";
        case kind::no_leader: return "no leader";
        case kind::stopped: return "stopped";
        case kind::failed: return "failed";
        case kind::image_sent: return "image sent";
        case kind::image_installed: return "image installed";
        case kind::membership: return "membership";
        case kind::trouble: break;
    }
    return "trouble";
}

// ---- beginning and end ----

replica::state::state(replica_options given) : options(std::move(given)) {}
replica::state::~state() { stop(); }

void replica::state::before_opening() {
    // An image was being put into the store: what is there of it is neither the old content nor the new one.
    if (!environment_.exists(image_path("installing"))) return;
    std::filesystem::remove_all(env::join(options.directory, "store"));
    environment_.sync_directory(options.directory);
}

void replica::state::throw_damaged(std::string const& how) const {
    throw error(errc::data_corrupted, "the replicated database in \"" + options.directory + "\" is damaged")
        .with_detail(how)
        .with_hint(
            "Remove this node from its cluster, and let it join again with a new number and an empty directory.");
}

void replica::state::open(storage::lsn_type applied) {
    auto const& said = options.cluster;
    std::string const log_place = env::join(options.directory, "raft");
    env::create_own_directory(environment_, env::join(options.directory, "image"));
    if (auto known = load_node_file(environment_, options.directory)) {
        self_ = std::move(*known);
        if (self_.node != said.node || self_.cluster != said.name) {
            throw error(errc::invalid_parameter_value, "directory \"" + options.directory + "\" belongs to node " +
                                                           std::to_string(self_.node) + " of cluster \"" +
                                                           self_.cluster + "\"")
                .with_hint("Start it with that --node-id and --cluster-name, or name another directory.");
        }
    } else {
        if (applied > 0 || environment_.exists(env::join(options.directory, "log"))) {
            throw error(errc::object_not_in_prerequisite_state,
                        "directory \"" + options.directory + "\" holds a database that is not replicated")
                .with_hint("Start a cluster with empty directories, and load a dump or COPY into it.");
        }
        self_.cluster = said.name;
        self_.node = said.node;
        std::random_device seed;
        while (self_.data == 0) self_.data = std::uint64_t{seed()} << 32 | seed();
        store_node_file(environment_, options.directory, self_);
    }
    for (auto const& [node, address] : said.peers) {
        if (node != said.node) self_.peers.try_emplace(node).first->second.address = address;
    }
    log_.emplace(environment_, log_place, options.log);
    if (log_->empty() && !said.peers.empty()) {
        // The first members begin with the same entry, which stands for an empty database.
        raft::membership members;
        for (auto const& [node, address] : said.peers) members.voters.incoming.voters.insert(node);
        raft::image const beginning{{1, 1}, members, {}};
        log_->sync(
            log_->write(raft::hard_state{1, raft::nobody, 1}, std::make_shared<raft::image const>(beginning), {}));
    }
    raft::log_index const begin = log_->first_index() - 1;
    std::string const pending = image_path("pending");
    if (begin > std::max<raft::log_index>(applied, 1)) {
        if (!environment_.exists(pending)) throw_damaged("Its log begins behind what its store has.");
        if (storage::image_reader<env::posix>(environment_, pending).lsn() > begin)
            throw_damaged("Its log begins behind an image that is not there.");
        image_to_install_ = pending;
    }
    if (applied > log_->last_index()) throw_damaged("Its store has more than its log.");
    applied_ = std::max({applied, begin});
    stored_ = applied;
}

void replica::state::start(state_machine& machine) {
    machine_ = &machine;
    if (image_to_install_) {
        environment_.open(image_path("installing"), env::open_mode::create).sync();
        environment_.sync_directory(env::join(options.directory, "image"));
        machine.install(*image_to_install_, log_->first_index() - 1);
        environment_.remove(image_path("installing"));
        environment_.sync_directory(env::join(options.directory, "image"));
        environment_.remove(*image_to_install_);
        image_to_install_.reset();
        stored_ = applied_;
    }
    image_exchange::callbacks back;
    back.send_piece = [this](image_piece piece) { return network->send(std::move(piece)); };
    back.send_reply = [this](image_piece_reply reply) { return network->send(std::move(reply)); };
    back.sent = [this](node_id to, bool arrived) {
        if (arrived) tell(replica_event::kind::image_sent, to, {});
        std::lock_guard const hold(mutex_);
        core_->report_image(to, arrived);
        wake_.notify_all();
    };
    back.arrived = [this](raft::message m) {
        std::lock_guard const hold(mutex_);
        inbox_.push_back(std::move(m));
        wake_.notify_all();
    };
    back.trouble = [this](std::string const& text) { tell(replica_event::kind::trouble, raft::nobody, text); };
    images_ =
        std::make_unique<image_exchange>(env::join(options.directory, "image"), options.cluster.node, std::move(back));
    {
        std::lock_guard const hold(mutex_);
        std::random_device seed;
        std::mt19937_64 random(std::uint64_t{seed()} << 32 | seed());
        next_round_ = random();
        core_.emplace(core_options_of(options), *log_, log_->state(), log_->members_at(applied_), applied_,
                      std::move(random));
        next_tick_ = clock::now() + options.tick;
        running_ = true;
    }
    for (auto const& [node, peer] : self_.peers) {
        if (!peer.address.empty()) network->set_peer(node, peer.address);
    }
    network->start();
    // Whom it meets calls back, and the leader among them takes it in.
    if (log_->empty() && !options.cluster.join.empty()) network->ask(options.cluster.join);
    loop_ = std::thread([this] { run(); });
}

void replica::state::stop() {
    {
        std::lock_guard const hold(mutex_);
        stopping_ = true;
        set_epoch(0);
        for (auto& [lsn, commit] : commits_) {
            if (commit.what == commit_in_flight::fate::open) commit.what = commit_in_flight::fate::stopped;
            commit.settled.notify_all();
        }
        for (auto& [number, round] : rounds_) {
            for (waiting_read* reader : round.readers) reader->settled.notify_all();
        }
    }
    wake_.notify_all();
    if (loop_.joinable()) loop_.join();
    if (image_maker_.joinable()) image_maker_.join();
    if (images_ != nullptr) images_->stop();
    if (network != nullptr) network->stop();
}

void replica::state::tell(replica_event::kind what, node_id node, std::string text) const {
    if (!options.on_event) return;
    try {
        options.on_event({what, term_.load(std::memory_order_relaxed), node, std::move(text)});
    } catch (std::exception const&) {
    }
}

// ---- what comes in ----

std::string replica::state::judge_greeting(hello const& said) {
    std::lock_guard const hold(mutex_);
    clients_[said.from] = said.clients;
    if (said.joins) joiners_.insert(said.from);
    known_peer& known = self_.peers[said.from];
    if (known.data != 0 && said.data != 0 && known.data != said.data) {
        return "node " + std::to_string(said.from) +
               " has lost what it had stored; remove it, and let it join again with a new number";
    }
    known_peer const before = known;
    if (said.data != 0) known.data = said.data;
    if (!said.address.empty()) known.address = said.address;
    if (known == before) return {};
    try {
        store_node_file(environment_, options.directory, self_);
    } catch (std::exception const& e) {
        known = before;
        return std::string("this node cannot note whom it meets: ") + e.what();
    }
    return {};
}

/// From the transport's thread, which must not wait for itself: `set_peer` only queues.
void replica::state::meet(std::string const& address, hello_reply const& who) {
    auto others = who.peers;
    others.emplace_back(who.node, address);
    std::lock_guard const hold(mutex_);
    node_file const before = self_;
    for (auto const& [node, where] : others) {
        if (node == options.cluster.node || where.empty()) continue;
        network->set_peer(node, where);
        // For the next start, where they may be all that is known of nodes that tell nobody their address.
        std::string& known = self_.peers[node].address;
        if (known.empty()) known = where;
    }
    if (self_ == before) return;
    try {
        store_node_file(environment_, options.directory, self_);
    } catch (std::exception const& e) {
        self_ = before;
        tell(replica_event::kind::trouble, who.node, std::string("cannot note whom this node has met: ") + e.what());
    }
}

// ---- the log, as the shard asks it ----

storage::lsn_type replica::state::append(std::string_view payload, std::uint64_t epoch) {
    if (payload.size() > frame_limits{}.message_bytes - (1u << 20)) {
        throw error(errc::program_limit_exceeded, "transaction is too large for a replicated database")
            .with_detail("Its changes have " + std::to_string(payload.size()) + " bytes.")
            .with_hint("Commit in smaller steps.");
    }
    raft::payload command{std::string(payload)};
    std::unique_lock hold(mutex_);
    if (!failed_.empty())
        throw error(errc::io_error, "this node takes no part in its cluster any more").with_detail(failed_);
    std::uint64_t const now = epoch_.load(std::memory_order_relaxed);
    if (epoch == 0) {
        hold.unlock();
        throw not_the_leader();
    }
    bool taken = now == epoch && core_->role() == raft::role::leader && core_->term() == epoch;
    if (taken) {
        // Needs memory, so before the core has it.
        raft::log_index const next = core_->log().last_index() + 1;
        auto const place = commits_.try_emplace({next, epoch}).first;
        try {
            taken = core_->propose(std::move(command)) == raft::outcome::done;
        } catch (...) {
            commits_.erase(place);
            throw;
        }
        if (taken) {
            PHANTOMDB_ASSERT(core_->log().last_index() == next);
            ++records_;
            wake_.notify_all();
            return next;
        }
        commits_.erase(place);
    }
    throw error(errc::serialization_failure,
                "the transaction was not committed, as this node stopped leading its cluster")
        .with_hint("Run the transaction again, on the node that leads now.");
}

void replica::state::wait(storage::lsn_type lsn, std::uint64_t epoch) {
    using fate = commit_in_flight::fate;
    std::unique_lock hold(mutex_);
    auto const found = commits_.find({lsn, epoch});
    if (found == commits_.end()) return;  // the store asks about what it was given to apply
    commit_in_flight& commit = found->second;
    commit.settled.wait(hold, [&] { return commit.what != fate::open; });
    fate const what = commit.what;
    commits_.erase(found);
    switch (what) {
        case fate::open:
        case fate::applied: return;
        case fate::refused:
            throw error(errc::serialization_failure,
                        "the transaction was not committed, as another node has become the leader")
                .with_hint("Run the transaction again.");
        case fate::stopped:
        case fate::unknown: break;
    }
    throw error(codes::resolution_unknown,
                "it is not known whether the transaction was committed, as this node lost touch with its cluster")
        .with_hint("Ask phantom.transaction_status before you run it again.");
}

void replica::state::truncate(storage::lsn_type below) {
    std::lock_guard const hold(mutex_);
    stored_ = std::max<raft::log_index>(stored_, below > 0 ? below - 1 : 0);
    wake_.notify_all();
}

storage::log_statistics replica::state::statistics() const {
    std::lock_guard const hold(mutex_);
    storage::log_statistics made = log_->statistics();
    made.records = records_;
    return made;
}

storage::lsn_type replica::state::applied() const {
    std::lock_guard const hold(mutex_);
    return applied_;
}

// ---- reads ----

void replica::state::wait_for_reads(std::chrono::milliseconds limit) {
    waiting_read mine;
    std::unique_lock hold(mutex_);
    if (!stopping_ && failed_.empty()) {
        new_reads_.push_back(&mine);
        wake_.notify_all();
        mine.settled.wait_for(hold, limit, [&] { return mine.done || stopping_; });
    }
    if (mine.done) return;
    auto const forget = [&](std::vector<waiting_read*>& list) { std::erase(list, &mine); };
    forget(new_reads_);
    forget(confirmed_);
    for (auto& [number, round] : rounds_) forget(round.readers);
    throw error(codes::cannot_connect_now, failed_.empty() ? "this node does not hear from a leader of its cluster"
                                                           : "this node takes no part in its cluster any more")
        .with_detail(failed_)
        .with_hint("Try again, or read what this node has: set phantomdb.read_consistency = 'local'.");
}

void replica::state::ask_for_reads() {
    auto const now = clock::now();
    // An answer can get lost, with a leader or a connection.
    for (auto at = rounds_.begin(); at != rounds_.end();) {
        if (now - at->second.asked < 4 * options.tick) {
            ++at;
            continue;
        }
        new_reads_.insert(new_reads_.end(), at->second.readers.begin(), at->second.readers.end());
        at = rounds_.erase(at);
    }
    if (new_reads_.empty() || core_->leader() == raft::nobody) return;
    std::uint64_t const number = next_round_++;
    rounds_.emplace(number, read_round{now, std::move(new_reads_)});
    new_reads_.clear();
    core_->read_index(raft::payload(codec::pack(number)));
}

void replica::state::answer_reads() {
    std::erase_if(confirmed_, [&](waiting_read* reader) {
        if (*reader->index > applied_) return false;
        reader->done = true;
        reader->settled.notify_one();
        return true;
    });
}

// ---- what it is ----

error replica::state::not_the_leader() const {
    std::lock_guard const hold(mutex_);
    error made(errc::read_only_sql_transaction, "cannot write on this node, which does not lead its cluster");
    made.hint = who_leads();
    return made;
}

std::string replica::state::who_leads() const {
    node_id const leader = core_ ? core_->leader() : raft::nobody;
    if (leader == raft::nobody || leader == options.cluster.node) return "Nobody leads at the moment; try again.";
    auto const found = clients_.find(leader);
    bool const known = found != clients_.end() && !found->second.empty();
    return "Node " + std::to_string(leader) + " leads" + (known ? ": connect to " + found->second + "." : ".");
}

leader_place replica::state::leader() const {
    std::lock_guard const hold(mutex_);
    leader_place made;
    made.node = core_ ? core_->leader() : raft::nobody;
    made.is_self = made.node == options.cluster.node;
    if (auto const found = clients_.find(made.node); found != clients_.end()) made.clients = found->second;
    return made;
}

replica_status replica::state::status() const {
    auto const connections = network->statistics();
    std::lock_guard const hold(mutex_);
    replica_status made;
    made.self = options.cluster.node;
    if (!core_) return made;
    made.leader = core_->leader();
    made.role = core_->role();
    made.term = core_->term();
    made.first = log_->first_index();
    made.last = core_->log().last_index();
    made.committed = core_->log().committed();
    made.applied = applied_;
    made.log_bytes = log_->statistics().bytes;
    made.takes_writes = epoch() != 0;
    for (node_id const node : core_->members().everyone()) {
        member_status one;
        one.node = node;
        one.is_self = node == made.self;
        one.is_leader = node == made.leader;
        one.is_voter = core_->members().voters.contains(node);
        if (one.is_self) {
            one.address = options.cluster.advertise;
            one.clients = options.cluster.clients;
            one.is_reachable = true;
            if (made.role == raft::role::leader) one.replicated = made.last;
        } else {
            for (auto const& peer : connections.peers) {
                if (peer.node != node) continue;
                one.address = peer.address;
                one.is_reachable = peer.urgent.connected;
            }
            if (auto const found = clients_.find(node); found != clients_.end()) one.clients = found->second;
            if (made.role == raft::role::leader) {
                for (raft::peer const& p : core_->peers()) {
                    if (p.node == node) one.replicated = p.state.match;
                }
            }
        }
        made.members.push_back(std::move(one));
    }
    return made;
}

// ---- the face ----

replica::replica(replica_options options) : state_(std::make_shared<state>(std::move(options))) {
    transport_options network = transport_options_of(state_->options.cluster);
    network.peers.clear();  // met once the log is open
    transport_handlers handlers;
    state* const self = state_.get();
    handlers.greeting = [self](hello const& said) { return self->judge_greeting(said); };
    handlers.met = [self](std::string const& address, hello_reply const& who) { self->meet(address, who); };
    handlers.message = [self](raft::message m) {
        std::lock_guard const hold(self->mutex_);
        self->inbox_.push_back(std::move(m));
        self->wake_.notify_all();
    };
    handlers.piece = [self](image_piece piece) { self->images_->take(std::move(piece)); };
    handlers.piece_reply = [self](image_piece_reply reply) { self->images_->take(std::move(reply)); };
    handlers.unreachable = [self](node_id node) {
        std::lock_guard const hold(self->mutex_);
        self->core_->report_unreachable(node);
    };
    handlers.event = state_->options.on_transport_event;
    // Its data has a name only once the directory is open, and it greets nobody before `start`.
    state_->make_network = [self, network, handlers]() mutable {
        network.data = self->self_.data;
        network.joins = self->log_->empty();
        self->network = std::make_unique<transport>(network, handlers);
    };
}
replica::~replica() { stop(); }

void replica::before_opening() { state_->before_opening(); }
std::unique_ptr<storage::log_kind> replica::open_log(storage::lsn_type applied) {
    state_->open(applied);
    state_->make_network();
    auto const s = state_;
    return std::make_unique<group_log>(
        [s](std::string_view payload, std::uint64_t epoch) { return s->append(payload, epoch); },
        [s](storage::lsn_type lsn, std::uint64_t epoch) { s->wait(lsn, epoch); },
        [s](storage::lsn_type below) { s->truncate(below); }, [s] { return s->statistics(); },
        [s] { return s->epoch(); }, [s] { return s->applied(); },
        [s](storage::verification const& to) { s->log_->verify(to); });
}
void replica::start(state_machine& machine) { state_->start(machine); }
void replica::stop() { state_->stop(); }
void replica::wait_for_reads(std::chrono::milliseconds limit) { state_->wait_for_reads(limit); }
bool replica::takes_writes() const { return state_->epoch() != 0; }
error replica::not_the_leader() const { return state_->not_the_leader(); }
replica_status replica::status() const { return state_->status(); }
leader_place replica::leader() const { return state_->leader(); }
std::uint16_t replica::port() const { return state_->network->port(); }

void replica::add_member(node_id node, std::string const& address) {
    state_->network->set_peer(node, address);
    state_->change_members({raft::transition::automatic, {{raft::change_kind::add_learner, node}}, {}});
}
void replica::remove_member(node_id node) {
    state_->change_members({raft::transition::automatic, {{raft::change_kind::remove, node}}, {}});
}
void replica::transfer_leadership(node_id node) {
    std::lock_guard const hold(state_->mutex_);
    state_->core_->transfer_leadership(node);
    state_->wake_.notify_all();
}

}  // namespace phantomdb::cluster
