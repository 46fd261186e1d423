/// @file The commands `simple`, `enter-joint` and `leave-joint` of scripts: changes of a membership, and what becomes of peers.
#pragma once

#include "raft/script_file.hpp"
#include "raft/script_words.hpp"

#include <phantomdb/raft/membership.hpp>

namespace phantomdb::test {

/// One script's membership. The log grows by an entry a command, so that `next` of a peer tells when it came.
class membership_script {
public:
    std::string run(script_case const& one) {
        std::string const output = change(one);
        ++last_index_;
        return output;
    }

private:
    std::string change(script_case const& one) {
        auto const steps = parse_steps(one.input);
        raft::membership_result result;
        if (one.command.name == "simple") {
            result = raft::change_simply(peers_.members(), steps);
        } else if (one.command.name == "enter-joint") {
            auto const* auto_leave = one.command.values("autoleave");
            result = raft::enter_joint(peers_.members(), auto_leave != nullptr && auto_leave->at(0) == "true", steps);
        } else if (one.command.name == "leave-joint") {
            if (!steps.empty()) return "this command takes no input\n";
            result = raft::leave_joint(peers_.members());
        } else {
            return "unknown command";
        }
        if (!result) return std::string(raft::describe(result.error)) + '\n';
        peers_.switch_to(result.members, last_index_);
        return raft::describe(peers_.members()) + '\n' + words_for(peers_);
    }

    raft::peer_table peers_{10};
    raft::log_index last_index_ = 0;
};

}  // namespace phantomdb::test
