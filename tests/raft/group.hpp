/// @file A group of cores for tests: everything in memory, messages delivered at once and in order unless a test holds them up.
#pragma once

#include <phantomdb/raft/raft.hpp>
#include <phantomdb/sim/random.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace phantomdb::test {

/// A node with synchronous writes, its stored log, and all that was applied.
struct group_node {
    using core = raft::raft_core<raft::memory_log, sim::random_source>;

    raft::core_options options;
    raft::memory_log log;
    raft::hard_state state;
    raft::membership members;
    std::vector<std::string> applied;  // commands that are not empty
    raft::log_index applied_index = 0;
    std::vector<raft::confirmed_read> reads;
    std::unique_ptr<core> raft;

    /// Starts it, or starts it again with what it has stored.
    void start() {
        raft =
            std::make_unique<core>(options, log, state, members, applied_index, sim::random_source(options.id * 7919));
    }
    /// Does what the core asks for; gives the messages to send.
    std::vector<raft::message> work() {
        std::vector<raft::message> messages;
        while (raft->has_ready()) {
            raft::ready todo = raft->take_ready();
            if (todo.state) state = *todo.state;
            if (todo.image) {
                log.install(todo.image);
                members = todo.image->members;
                applied_index = todo.image->id.index;
            }
            log.append(todo.entries);
            for (raft::entry const& e : todo.committed) {
                if (e.kind != raft::entry_kind::command) {
                    raft->apply(e);
                    members = raft->members();
                } else if (!e.data.empty()) {
                    applied.emplace_back(e.data.view());
                }
                applied_index = e.index;
            }
            if (!todo.committed.empty() && log.image() != nullptr) keep_image();
            reads.insert(reads.end(), todo.reads.begin(), todo.reads.end());
            for (auto* some : {&todo.messages, &todo.after_persist}) {
                messages.insert(messages.end(), some->begin(), some->end());
            }
            raft->advance();
        }
        return messages;
    }
    /// Makes an image of what is applied the one to send. From then on it is always the newest.
    void keep_image() {
        raft::image made{{*log.term(applied_index), applied_index}, members, {}};
        log.keep(std::make_shared<raft::image const>(std::move(made)));
    }
    /// Drops the log up to what is applied.
    void compact() {
        keep_image();
        log.compact(applied_index);
    }
};

/// Nodes 1 to n. Without pre-vote and check of the quorum unless `options` say so.
class group {
public:
    using message_filter = std::function<bool(raft::message const&)>;

    static raft::core_options plain() {
        raft::core_options options;
        options.pre_vote = options.check_quorum = false;
        return options;
    }

    explicit group(std::size_t count, raft::core_options options = plain(), raft::node_set learners = {}) {
        raft::membership members;
        for (raft::node_id id = 1; id <= count; ++id) {
            if (!learners.contains(id)) members.voters.incoming.voters.insert(id);
        }
        members.learners = learners;
        for (raft::node_id id = 1; id <= count; ++id) add(options, members);
    }

    /// A further node, which knows of nobody.
    raft::node_id add(raft::core_options options = plain(), raft::membership members = {}) {
        auto made = std::make_unique<group_node>();
        options.id = nodes_.size() + 1;
        made->options = options;
        made->members = std::move(members);
        made->start();
        nodes_.push_back(std::move(made));
        return options.id;
    }

    group_node& operator[](raft::node_id id) { return *nodes_[id - 1]; }
    group_node::core& core(raft::node_id id) { return *nodes_[id - 1]->raft; }
    std::size_t size() const { return nodes_.size(); }

    /// Messages for which this is true get lost.
    message_filter lost = [](raft::message const&) { return false; };
    void isolate(raft::node_id id) {
        lost = [id](raft::message const& m) { return m.from == id || m.to == id; };
    }
    void heal() {
        lost = [](raft::message const&) { return false; };
    }

    /// Puts the nodes' messages on their way without delivering them.
    void work() {
        for (auto& n : nodes_) {
            for (raft::message& m : n->work()) {
                sent.push_back(m);
                if (!lost(m)) on_the_way.push_back(std::move(m));
            }
        }
    }
    /// Delivers until nothing is left to do.
    void settle() {
        for (work(); !on_the_way.empty(); work()) {
            raft::message m = std::move(on_the_way.front());
            on_the_way.pop_front();
            if (m.to <= nodes_.size()) core(m.to).step(std::move(m));
        }
    }
    void campaign(raft::node_id id) {
        core(id).campaign();
        settle();
    }
    raft::outcome propose(raft::node_id id, std::string command) {
        raft::outcome const outcome = core(id).propose(raft::payload(std::move(command)));
        settle();
        return outcome;
    }
    void tick(raft::node_id id, unsigned times = 1) {
        for (; times > 0; --times) {
            core(id).tick();
            settle();
        }
    }
    void change(raft::node_id id, raft::membership_change const& change) {
        core(id).propose_membership(change);
        settle();
    }

    std::deque<raft::message> on_the_way;
    std::vector<raft::message> sent;  // all that ever were

private:
    std::vector<std::unique_ptr<group_node>> nodes_;
};

/// The terms of a log from its first entry on.
inline std::vector<raft::term_number> terms_of(raft::memory_log const& log) {
    std::vector<raft::term_number> terms;
    for (raft::log_index i = log.first_index(); i <= log.last_index(); ++i) terms.push_back(*log.term(i));
    return terms;
}
/// Entries of these terms, numbered from `first`, without bytes.
inline std::vector<raft::entry> entries_of(std::vector<raft::term_number> const& terms, raft::log_index first = 1) {
    std::vector<raft::entry> entries;
    for (raft::term_number const term : terms) entries.push_back({term, first++, raft::entry_kind::command, {}});
    return entries;
}
inline raft::message message_of(raft::message_kind kind, raft::node_id from, raft::node_id to, raft::term_number term) {
    raft::message m;
    m.kind = kind;
    m.from = from;
    m.to = to;
    m.term = term;
    return m;
}

}  // namespace phantomdb::test
