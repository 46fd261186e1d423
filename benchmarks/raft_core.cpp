// The Raft core by itself: three nodes in one thread, no disk and no network. Items are messages stepped; `commands` are committed.

#include <phantomdb/raft/raft.hpp>
#include <phantomdb/sim/random.hpp>

#include <benchmark/benchmark.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace phantomdb::raft;
using core = raft_core<memory_log, phantomdb::sim::random_source>;

struct node {
    memory_log log;
    std::unique_ptr<core> raft;
};

/// `batch` commands are proposed at once before messages flow; logs are cut every 10,000 entries.
void commit_commands(benchmark::State& state) {
    auto const batch = static_cast<std::size_t>(state.range(0));
    payload const command(std::string(static_cast<std::size_t>(state.range(1)), 'x'));
    membership members;
    members.voters.incoming.voters = {1, 2, 3};
    std::vector<node> nodes(3);
    for (node_id id = 1; id <= 3; ++id) {
        core_options options;
        options.id = id;
        node& n = nodes[id - 1];
        n.raft = std::make_unique<core>(options, n.log, hard_state{}, members, 0, phantomdb::sim::random_source(id));
    }
    std::deque<message> messages;
    std::int64_t steps = 0, committed = 0;
    auto const work = [&](node& n) {
        while (n.raft->has_ready()) {
            ready todo = n.raft->take_ready();
            n.log.append(todo.entries);
            committed += n.raft->role() == role::leader ? static_cast<std::int64_t>(todo.committed.size()) : 0;
            for (message& m : todo.messages) messages.push_back(std::move(m));
            for (message& m : todo.after_persist) messages.push_back(std::move(m));
            n.raft->advance();
        }
    };
    auto const settle = [&] {
        for (node& n : nodes) work(n);
        while (!messages.empty()) {
            message m = std::move(messages.front());
            messages.pop_front();
            node& n = nodes[m.to - 1];
            n.raft->step(std::move(m));
            work(n);
            ++steps;
        }
    };
    nodes[0].raft->campaign();
    settle();
    steps = committed = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < batch; ++i) nodes[0].raft->propose(command);
        settle();
        if (nodes[0].log.last_index() - nodes[0].log.first_index() > 10000) {
            for (node& n : nodes) n.log.compact(n.raft->log().applied() - 100);
        }
    }
    state.SetItemsProcessed(steps);
    state.counters["commands"] = benchmark::Counter(static_cast<double>(committed), benchmark::Counter::kIsRate);
}
BENCHMARK(commit_commands)->Name("raft/commit")->Args({1, 64})->Args({16, 64})->Args({256, 64})->Args({16, 4096});

}  // namespace
