/// @file Defines `work_report`: long work on a table's storage, as other sessions see it. Private to the library.
#pragma once

#include <phantomdb/mvcc/store_services.hpp>
#include <phantomdb/sql/session_core.hpp>

#include <algorithm>

namespace phantomdb::sql {

/// Shows work in the pg_stat_progress_… view of its kind for as long as it lives. One a session.
class work_report {
public:
    /// `index`: the one that it is about, where it is about one.
    work_report(session_core& session, maintenance_work::kind what, schema::object_id table,
                schema::object_id index = 0)
        : session_(session) {
        std::lock_guard hold(session_.shared.sessions_mutex);
        session_.shared.work[session_.number] = {session_.options.database, what, table, index};
    }
    ~work_report() {
        std::lock_guard hold(session_.shared.sessions_mutex);
        session_.shared.work.erase(session_.number);
    }
    work_report(work_report const&) = delete;
    work_report& operator=(work_report const&) = delete;

    /// The table is done, or an index of it; the turn is this one's.
    void next_index(schema::object_id index) {
        counts_ = false;  // what is shown are the table's keys
        std::lock_guard hold(session_.shared.sessions_mutex);
        maintenance_work& shown = session_.shared.work[session_.number];
        if (shown.index != 0) ++shown.indexes_done;
        shown.index = index;
    }

    /// Of keys. Looks at the session's interrupt, too: such work can be cancelled.
    void at(std::uint64_t done, std::uint64_t total) {
        session_.cancel.check();
        if (!counts_) return;
        std::lock_guard hold(session_.shared.sessions_mutex);
        maintenance_work& shown = session_.shared.work[session_.number];
        shown.done = done;
        shown.total = std::max(done, total);
    }
    mvcc::move_progress progress() {
        return [this](std::uint64_t done, std::uint64_t total) { at(done, total); };
    }

private:
    session_core& session_;
    bool counts_ = true;
};

}  // namespace phantomdb::sql
