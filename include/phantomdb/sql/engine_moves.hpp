/// @file Defines `move_report`: the way of a table or index to another engine, as other sessions see it. Private to the library.
#pragma once

#include <phantomdb/mvcc/store_services.hpp>
#include <phantomdb/sql/session_core.hpp>

namespace phantomdb::sql {

/// Shows a move in pg_stat_progress_cluster for as long as it lives. One a session.
class move_report {
public:
    move_report(session_core& session, schema::table_descriptor const& table, schema::engine to,
                schema::object_id index = 0)
        : session_(session) {
        std::lock_guard hold(session_.shared.sessions_mutex);
        session_.shared.moves[session_.number] = {session_.options.database, table.id, to, 0, 0, index};
    }
    ~move_report() {
        std::lock_guard hold(session_.shared.sessions_mutex);
        session_.shared.moves.erase(session_.number);
    }
    move_report(move_report const&) = delete;
    move_report& operator=(move_report const&) = delete;

    /// Looks at the session's interrupt, too: a move can be cancelled.
    mvcc::move_progress progress() {
        return [this](std::uint64_t done, std::uint64_t total) {
            session_.cancel.check();
            std::lock_guard hold(session_.shared.sessions_mutex);
            auto& shown = session_.shared.moves[session_.number];
            shown.done = done;
            shown.total = total;
        };
    }

private:
    session_core& session_;
};

}  // namespace phantomdb::sql
