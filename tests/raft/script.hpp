/// @file Runs a script file of any kind: quorums, memberships, or whole groups of nodes.
#pragma once

#include "raft/script_cluster.hpp"
#include "raft/script_file.hpp"
#include "raft/script_membership.hpp"
#include "raft/script_quorum.hpp"

namespace phantomdb::test {

/// What kind a script is shows in its first command.
inline script_result run_script_file(std::string const& path) {
    try {
        auto const cases = parse_script(read_whole_file(path));
        std::string const first = cases.empty() ? "" : cases[0].command.name;
        if (first == "committed" || first == "vote") return run_script(cases, run_quorum_case);
        if (first == "simple" || first == "enter-joint" || first == "leave-joint") {
            membership_script script;
            return run_script(cases, [&](script_case const& one) { return script.run(one); });
        }
        cluster_script script;
        return run_script(cases, [&](script_case const& one) { return script.run(one); });
    } catch (std::exception const& error) {
        script_result result;
        result.difference = error.what();
        return result;
    }
}

}  // namespace phantomdb::test
