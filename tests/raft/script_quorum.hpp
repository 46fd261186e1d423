/// @file The commands `committed` and `vote` of scripts: what quorums decide.
#pragma once

#include "raft/script_file.hpp"
#include "raft/script_words.hpp"

#include <phantomdb/raft/quorum.hpp>

#include <map>

namespace phantomdb::test {

/// Besides the answer the output tells where one that must be the same is not: halves exchanged, joint with nothing or with
/// itself, an acknowledgement lowered that was below the answer already.
inline std::string run_quorum_case(script_case const& one) {
    using raft::log_index, raft::node_id;
    bool joint = false;
    std::vector<node_id> first, second;
    std::vector<std::string> inputs;
    for (script_argument const& argument : one.command.arguments) {
        for (std::string const& value : argument.values) {
            if (argument.key == "cfg") {
                first.push_back(std::stoull(value));
            } else if (argument.key == "cfgj") {
                joint = true;
                if (value != "zero") second.push_back(std::stoull(value));
            } else {
                inputs.push_back(value);
            }
        }
    }
    // Inputs belong to the voters in order of their first mention; `_` is one that is not known.
    std::map<node_id, std::string> given;
    std::size_t next = 0;
    raft::joint_majority quorum;
    for (auto const* half : {&first, &second}) {
        for (node_id const node : *half) {
            (half == &first ? quorum.incoming : quorum.outgoing).voters.insert(node);
            if (!given.contains(node) && next < inputs.size()) given[node] = inputs[next++];
        }
    }
    if (quorum.voters().size() != inputs.size()) throw std::runtime_error("as many inputs as voters are needed");
    raft::joint_majority const swapped{quorum.outgoing, quorum.incoming};

    std::string output;
    if (one.command.name == "vote") {
        auto const vote_of = [&](node_id node) -> std::optional<bool> {
            auto const found = given.find(node);
            if (found == given.end() || found->second == "_") return std::nullopt;
            return found->second == "y";
        };
        raft::vote_result const result = joint ? quorum.result(vote_of) : quorum.incoming.result(vote_of);
        if (raft::vote_result const other = swapped.result(vote_of); other != result) {
            output += std::string(word_for(other)) + " <-- via symmetry\n";
        }
        return output + std::string(word_for(result)) + '\n';
    }
    if (one.command.name != "committed") throw std::runtime_error("unknown command");

    std::map<node_id, log_index> indexes;
    for (auto const& [node, value] : given) {
        if (value != "_") indexes[node] = std::stoull(value);
    }
    auto const acked = [&](node_id node) -> std::optional<log_index> {
        auto const found = indexes.find(node);
        return found == indexes.end() ? std::nullopt : std::optional(found->second);
    };
    auto const text_of = [](log_index index) {
        return index == raft::everything ? std::string("∞") : std::to_string(index);
    };
    output = raft::describe_progress(quorum.voters(), acked);
    log_index const result = joint ? quorum.committed(acked) : quorum.incoming.committed(acked);
    auto const must_be = [&](log_index other, std::string const& way) {
        if (other != result) output += text_of(other) + " <-- via " + way + '\n';
    };
    must_be(swapped.committed(acked), "symmetry");
    if (!joint) {
        must_be(raft::joint_majority{quorum.incoming, {}}.committed(acked), "zero-joint quorum");
        must_be(raft::joint_majority{quorum.incoming, quorum.incoming}.committed(acked), "self-joint quorum");
        log_index counted = first.empty() ? raft::everything : 0;  // the highest acknowledged by enough of them
        for (auto const& [node, index] : indexes) {
            std::size_t holders = 0;
            for (auto const& [other, its] : indexes) holders += its >= index;
            if (holders > quorum.incoming.voters.size() / 2) counted = std::max(counted, index);
        }
        must_be(counted, "alternative computation");
        for (auto const& [node, index] : std::map(indexes)) {
            if (result <= index) continue;
            for (log_index const lower : {index - 1, log_index{0}}) {
                indexes[node] = lower;
                must_be(quorum.incoming.committed(acked), "overlaying " + std::to_string(node));
            }
            indexes[node] = index;
        }
    }
    return output + text_of(result) + '\n';
}

}  // namespace phantomdb::test
