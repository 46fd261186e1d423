#include <phantomdb/cluster/replica_state.hpp>

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
                       std::function<storage::lsn_type()> applied)
        : append_(std::move(append)),
          wait_(std::move(wait)),
          truncate_(std::move(truncate)),
          statistics_(std::move(statistics)),
          epoch_(std::move(epoch)),
          applied_(std::move(applied)) {}

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

private:
    std::function<storage::lsn_type(std::string_view, epoch_type)> append_;
    std::function<void(storage::lsn_type, epoch_type)> wait_;
    std::function<void(storage::lsn_type)> truncate_;
    std::function<storage::log_statistics()> statistics_;
    std::function<epoch_type()> epoch_;
    std::function<storage::lsn_type()> applied_;
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

// ---- the loop ----

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

// ---- entries that are not needed any more ----

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
            .with_hint(not_the_leader().hint);
    if (core_->members().is_joint() || core_->propose_membership(change) != raft::outcome::done) {
        throw error(errc::object_not_in_prerequisite_state, "another change of the cluster's members is under way")
            .with_hint("Try again once it is done.");
    }
    wake_.notify_all();
}

// ---- what it is ----

error replica::state::not_the_leader() const {
    node_id leader = raft::nobody;
    std::string where;
    if (mutex_.try_lock()) {
        leader = core_ ? core_->leader() : raft::nobody;
        if (auto const found = clients_.find(leader); found != clients_.end()) where = found->second;
        mutex_.unlock();
    }
    error made(errc::read_only_sql_transaction, "cannot write on this node, which does not lead its cluster");
    made.hint = "Node " + std::to_string(leader) + " leads" + (where.empty() ? "." : ": connect to " + where + ".");
    if (leader == raft::nobody || leader == options.cluster.node) made.hint = "Nobody leads at the moment; try again.";
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
    handlers.met = [self](std::string const& address, hello_reply const& who) {
        // From the transport's thread, which must not wait for itself: `set_peer` only queues.
        self->network->set_peer(who.node, address);
        for (auto const& [node, where] : who.peers) {
            if (node != self->options.cluster.node && !where.empty()) self->network->set_peer(node, where);
        }
    };
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
        [s] { return s->epoch(); }, [s] { return s->applied(); });
}
void replica::start(state_machine& machine) { state_->start(machine); }
void replica::stop() { state_->stop(); }
void replica::wait_for_reads(std::chrono::milliseconds limit) { state_->wait_for_reads(limit); }
bool replica::takes_writes() const { return state_->epoch() != 0; }
error replica::not_the_leader() const { return state_->not_the_leader(); }
replica_status replica::status() const { return state_->status(); }
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
