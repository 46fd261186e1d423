/// @file Defines `replica`: a node's part in a replicated database. It keeps the log that all nodes agree on, and has it applied.
///
///     cluster::replica replica(options);
///     shard_options.before_opening = [&] { replica.before_opening(); };
///     shard_options.open_log = [&](auto applied) { return replica.open_log(applied); };
///     auto shard = mvcc::local_shard::open(directory, shard_options);
///     replica.start(machine);          // from here on what the group agrees on is applied, through `machine`
///     replica.wait_for_reads(limit);   // then a snapshot shows everything that was acknowledged anywhere
///     replica.stop();                  // before the shard goes
///
/// 1. One thread drives the Raft core, as the manual in raft/raft.hpp says. LSNs of the shard are indexes of the group's log.
/// 2. `append` proposes. It takes a commit only where this node leads, and only in the *epoch* in which its transaction began: the
///    time from where a new leader has applied everything before its term to where it stops leading. So row locks and the
///    validation of SERIALIZABLE, which know of this process alone, are enough.
/// 3. A commit is acknowledged when a majority has it on disk and it is applied here. Where leadership is lost before, its fate is
///    known as soon as another entry is committed in its term's place (refused: 40001) or it is committed itself; if that takes
///    too long, the client gets 08007 and can ask later (phantom.transaction_status).
/// 4. Entries that are in a checkpoint of the store are forgotten, but for some that slow peers may need. Who needs older ones gets
///    an image: the content of the store in one file, in pieces; verified, then put in the place of everything, in one step.
///
/// Files, beside the shard's: phantomdb.node (who this node is, and where it met others), raft/ (cluster/entry_log.hpp), image/
/// (images on their way). All functions are thread-safe. Its definitions are in `phantomdb::sql`.
#pragma once

#include <phantomdb/cluster/options.hpp>
#include <phantomdb/raft/ready.hpp>
#include <phantomdb/storage/any_log.hpp>
#include <phantomdb/storage/image.hpp>
#include <phantomdb/storage/local_log.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace phantomdb::cluster {

/// What a replica has applied: a shard and what is kept in memory of it. Called on the replica's threads.
class state_machine {
public:
    virtual ~state_machine() = default;
    virtual void apply(std::span<storage::logged_batch const> batches) = 0;
    /// Everything before is applied, and from now on nobody but this process writes.
    virtual void begin_epoch() = 0;
    /// Replaces everything by the image in `file`, durably, as of `lsn`.
    virtual void install(std::string const& file, storage::lsn_type lsn) = 0;
    /// Writes what is there now to `file`; its LSN is that of what was applied last.
    virtual storage::image_facts write_image(std::string const& file) = 0;
};

/// Something for the log of the server.
struct replica_event {
    enum class kind : std::uint8_t {
        leads,
        follows,
        no_leader,
        stopped,
        failed,
        image_sent,
        image_installed,
        membership,
        trouble
    };
    kind what = kind::trouble;
    raft::term_number term = 0;
    node_id node = raft::nobody;  ///< the leader, or whom it is about
    std::string text;
};
std::string_view name_of(replica_event::kind what);

struct replica_options {
    cluster_options cluster;
    std::string directory;  ///< of the shard
    storage::local_log_options log;
    std::chrono::milliseconds tick{50};
    unsigned election_ticks = 10;  ///< a follower that hears nothing for this long, up to twice as long, asks for votes
    std::uint64_t kept_log_bytes = std::uint64_t{64} << 20;  ///< of entries for slow peers, beyond what this node needs
    std::chrono::milliseconds resolution_limit{5000};  ///< how long a commit waits for its fate once leadership is lost
    std::function<void(replica_event const&)> on_event;
    std::function<void(transport_event const&)> on_transport_event;
};

struct member_status {
    node_id node = raft::nobody;
    std::string address, clients;
    bool is_self = false, is_leader = false, is_voter = false;
    bool is_reachable = false;                  ///< from here
    std::optional<raft::log_index> replicated;  ///< as the leader knows
};

struct replica_status {
    node_id self = raft::nobody, leader = raft::nobody;
    raft::role role = raft::role::follower;
    raft::term_number term = 0;
    raft::log_index first = 0, last = 0, committed = 0, applied = 0;
    std::uint64_t log_bytes = 0;
    bool takes_writes = false;
    std::vector<member_status> members;
};

/// Who leads, as this node knows.
struct leader_place {
    node_id node = raft::nobody;
    std::string clients;  ///< where clients reach it; empty if that is not known
    bool is_self = false;
};

class replica {
public:
    /// Listens for the others from now on. Throws as `transport`.
    explicit replica(replica_options options);
    ~replica();
    replica(replica const&) = delete;
    replica& operator=(replica const&) = delete;

    /// Removes a store whose replacement by an image was interrupted. With the directory locked, before the store is opened.
    void before_opening();
    /// Opens the group's log for a store that has applied so far. 22023 where the directory is another node's; XX001 where the log is
    /// damaged or does not fit the store: such a node must not vote any more.
    std::unique_ptr<storage::log_kind> open_log(storage::lsn_type applied);
    /// Takes part. `machine` outlives `stop`.
    void start(state_machine& machine);
    /// Commits that wait get 57P01. Nothing is applied any more once it returns.
    void stop();

    /// Returns once this node has applied everything that was acknowledged anywhere before the call. 57P03 where that cannot be
    /// made sure of within `limit`: nobody leads, or this node does not hear from whoever does.
    void wait_for_reads(std::chrono::milliseconds limit);
    /// Whether transactions that begin now can write.
    bool takes_writes() const;
    /// The refusal of a write here, with whom to ask instead. 25006.
    error not_the_leader() const;

    replica_status status() const;
    leader_place leader() const;
    std::uint16_t port() const;

    /// Takes `node` into the group, first as a learner; it votes once it has caught up. On the leader; 55000 elsewhere and where a
    /// change is under way.
    void add_member(node_id node, std::string const& address);
    void remove_member(node_id node);
    /// Lets `node` lead. On the leader.
    void transfer_leadership(node_id node);

private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace phantomdb::cluster
