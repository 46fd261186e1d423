#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/system_rows.hpp>

namespace phantomdb::sql {

namespace {

/// How far a node is, as this one knows: of all as the leader, else of itself.
void fill_cluster(system_rows& rows) {
    auto const* group = rows.session.shared.replica.get();
    if (group == nullptr) return;
    auto const now = group->status();
    for (auto const& member : now.members) {
        std::optional<raft::log_index> has = member.replicated;
        if (member.is_self) has = now.applied;
        auto const number = [](std::uint64_t value) { return datum{static_cast<std::int64_t>(value)}; };
        nullable_datum const position = has ? nullable_datum(number(*has)) : nullable_datum{};
        nullable_datum const lag =
            has ? nullable_datum(number(now.committed > *has ? now.committed - *has : 0)) : nullable_datum{};
        rows.add(member.node,
                 member.is_leader  ? "leader"
                 : member.is_voter ? "follower"
                                   : "learner",
                 member.address, member.clients, member.is_self, member.is_reachable, now.term, position, lag);
    }
}

}  // namespace

// clang-format off
std::vector<system_table> const& cluster_tables() {
    static std::vector<system_table> const tables = {
        {14001, schema::phantom_id, "cluster", "node int8, role text, address text, clients text, self bool, reachable bool, term int8, position int8, lag int8", fill_cluster},
    };
    return tables;
}
// clang-format on

}  // namespace phantomdb::sql
