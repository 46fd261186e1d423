/// @file Defines `replica::state`: the Raft core of a node with its log, and who waits for what. Private to the library.
#pragma once

#include <phantomdb/cluster/entry_log.hpp>
#include <phantomdb/cluster/node_file.hpp>
#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/env/posix.hpp>
#include <phantomdb/raft/raft.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <utility>

namespace phantomdb::cluster {

/// Images on their way out and in: files, and pieces of them. Runs on threads of its own, so that neither the transport nor the core
/// waits for a disk that reads or writes gigabytes.
class image_exchange {
public:
    struct sending {
        node_id to = raft::nobody;
        raft::term_number term = 0;
        raft::image_ref image;  ///< `data`: the file
    };
    struct callbacks {
        std::function<bool(image_piece)> send_piece;
        std::function<bool(image_piece_reply)> send_reply;
        std::function<void(node_id to, bool arrived)> sent;
        std::function<void(raft::message)> arrived;  ///< an image message whose `data` is a verified file
        std::function<void(std::string const&)> trouble;
    };

    image_exchange(std::string folder, node_id self, callbacks back);
    ~image_exchange();
    void stop();

    void send(sending what);
    void take(image_piece piece);
    void take(image_piece_reply reply);
    /// What came of an image that `arrived` was told of; until then no other one is received.
    void settled(raft::entry_id id, node_id from, bool installed);
    bool is_sending() const;

private:
    static constexpr std::size_t piece_bytes = std::size_t{1} << 20, window_bytes = std::size_t{8} << 20;

    struct incoming {
        raft::entry_id id;
        node_id from = raft::nobody;
        std::uint64_t bytes = 0;
        std::uint32_t checksum = 0;
        std::optional<env::posix::file_type> file;
    };

    void run_sending();
    void run_receiving();
    bool send_one(sending const& what);
    void receive(image_piece& piece);
    image_piece_reply reply_to(image_piece const& piece) const;
    std::string path_of(raft::entry_id id) const;

    std::string folder_;
    node_id self_;
    callbacks back_;
    env::posix environment_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false, busy_ = false, held_ = false;
    std::deque<sending> outgoing_;
    std::optional<image_piece_reply> answer_;  // of the peer that is being sent to
    std::deque<image_piece> pieces_;
    incoming incoming_;  // of the receiving thread
    std::thread sender_, receiver_;
};

struct replica::state : std::enable_shared_from_this<replica::state> {
    using clock = std::chrono::steady_clock;
    using core_type = raft::raft_core<entry_log<env::posix>, std::mt19937_64>;

    /// A commit on its way.
    struct commit_in_flight {
        enum class fate : std::uint8_t { open, applied, refused, unknown, stopped };
        fate what = fate::open;
        std::condition_variable settled;
    };
    struct waiting_read {
        std::optional<raft::log_index> index;
        bool done = false;
        std::condition_variable settled;
    };
    struct read_round {
        clock::time_point asked;
        std::vector<waiting_read*> readers;
    };

    explicit state(replica_options options);
    ~state();

    void before_opening();
    void open(storage::lsn_type applied);
    void start(state_machine& machine);
    void stop();

    // what the log is asked
    storage::lsn_type append(std::string_view payload, std::uint64_t epoch);
    void wait(storage::lsn_type lsn, std::uint64_t epoch);
    void truncate(storage::lsn_type below);
    storage::log_statistics statistics() const;
    std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
    storage::lsn_type applied() const;

    void wait_for_reads(std::chrono::milliseconds limit);
    error not_the_leader() const;
    leader_place leader() const;
    std::string who_leads() const;  // with the lock held
    replica_status status() const;
    void change_members(raft::membership_change change);

    replica_options options;
    std::unique_ptr<transport> network;
    std::function<void()> make_network;

private:
    friend class replica;

    void run();
    void round(std::unique_lock<std::mutex>& hold);
    void catch_up_with_time();
    void take_inbox();
    void ask_for_reads();
    void send(std::vector<raft::message> messages);
    void write_entries(std::unique_lock<std::mutex>& hold, raft::ready const& work);
    void install(std::unique_lock<std::mutex>& hold, raft::image const& image);
    void apply(std::unique_lock<std::mutex>& hold, std::vector<raft::entry> const& committed);
    void refuse_overwritten(std::vector<raft::entry> const& committed);
    void look_at_role(std::optional<raft::soft_state> const& changed);
    void begin_epoch_if_due(std::unique_lock<std::mutex>& hold);
    void answer_reads();
    void settle_lost_commits(clock::time_point now);
    void look_after_things();
    void compact();
    void make_image_if_needed();
    void change_members_if_due();
    void set_epoch(std::uint64_t epoch) { epoch_.store(epoch, std::memory_order_release); }
    void tell(replica_event::kind what, node_id node, std::string text) const;
    void fail(std::exception const& why);
    std::string judge_greeting(hello const& said);
    void meet(std::string const& address, hello_reply const& who);
    std::string image_path(char const* name) const { return env::join(env::join(options.directory, "image"), name); }
    [[noreturn]] void throw_damaged(std::string const& how) const;

    mutable env::posix environment_;
    node_file self_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::optional<entry_log<env::posix>> log_;
    std::optional<core_type> core_;
    state_machine* machine_ = nullptr;
    std::deque<raft::message> inbox_;
    /// By index and term: a later leader may give the index to another one, while the first still waits to hear that it was refused.
    std::map<std::pair<raft::log_index, raft::term_number>, commit_in_flight> commits_;
    std::vector<waiting_read*> new_reads_;        // not asked for yet
    std::map<std::uint64_t, read_round> rounds_;  // by number, which is their context
    std::vector<waiting_read*> confirmed_;        // their index is known, and not applied yet
    std::uint64_t next_round_ =
        1;  // from a number by chance on: answers to what was asked before a restart mean nothing
    raft::log_index applied_ = 0;
    raft::log_index stored_ = 0;  // the store needs no entries up to here
    std::atomic<std::uint64_t> epoch_{0};
    raft::soft_state role_;
    std::optional<clock::time_point> lost_leadership_;
    clock::time_point next_tick_{}, next_look_{};
    std::atomic<raft::term_number> term_{0};
    raft::log_index compacted_for_ = 0, promotion_ = 0;
    node_id image_from_ = raft::nobody;
    std::string failed_;  // why this node does not take part any more
    bool stopping_ = false, running_ = false, making_image_ = false;
    std::set<node_id> removed_;  // whose connections are still open
    clock::time_point removed_told_{};
    std::set<node_id> joiners_;               // who has asked to be taken in
    std::map<node_id, std::string> clients_;  // where others' clients go
    std::optional<std::string> image_to_install_;
    std::unique_ptr<image_exchange> images_;
    std::thread loop_, image_maker_;
    std::uint64_t records_ = 0;
};

}  // namespace phantomdb::cluster
