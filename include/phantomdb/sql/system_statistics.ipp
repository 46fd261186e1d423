#include <phantomdb/mvcc/store_services.hpp>
#include <phantomdb/sql/system_rows.hpp>

namespace phantomdb::sql {

namespace {

/// Which relations a view of the pg_stat family shows.
enum class scope { all, user, system };

template <scope Which>
bool is_shown(schema::table_descriptor const& table) {
    bool system = table.id < schema::first_user_id;
    return Which == scope::all || system == (Which == scope::system);
}

nullable_datum moment(std::int64_t at) { return at == 0 ? nullable_datum{} : nullable_datum{datum{at}}; }

std::uint64_t live_rows(system_rows& rows, schema::object_id table) {
    if (table < schema::first_user_id || !rows.session.transaction) return 0;
    std::string from, to;
    schema::append_id(from, table);
    schema::append_id(to, table + 1);
    return rows.session.transaction->view().estimate(from, to);
}

/// Old versions of rows. An engine that keeps them among the others until it merges them away is asked for them; elsewhere they lie
/// aside until the next checkpoint (or as long as a snapshot sees them, which nobody counts by table), and commits count them.
std::uint64_t dead_rows(system_rows& rows, schema::table_descriptor const& table, relation_statistics const& counted) {
    if (table.id < schema::first_user_id || !rows.session.transaction) return 0;
    auto const& shard = *rows.session.shared.shard;
    if (auto const buried = rows.session.transaction->view().base().buried(table.id)) return *buried;
    return counted.checkpoints == shard.checkpoints() ? counted.replaced : 0;
}

/// What scans through all of a table's indexes come to.
exec::relation_usage through_indexes(system_rows& rows, schema::table_descriptor const& table) {
    exec::relation_usage sum;
    for (auto const& index : table.indexes) sum += rows.session.shared.usage.relation(index.id);
    return sum;
}

template <scope Which>
void fill_stat_tables(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        if (!is_shown<Which>(table)) return;
        auto const counted = rows.session.shared.usage.relation(table.id);
        auto const indexes = through_indexes(rows, table);
        nullable_datum index_scans, fetched;
        if (!table.indexes.empty()) {
            index_scans = datum{static_cast<std::int64_t>(indexes.scans)};
            fetched = datum{static_cast<std::int64_t>(indexes.rows_read)};
        }
        rows.add(table.id, table.schema_name, table.name, counted.scans, counted.rows_read, index_scans, fetched,
                 counted.inserted, counted.updated, counted.deleted, 0, live_rows(rows, table.id),
                 dead_rows(rows, table, counted), counted.modified_since_analyze, counted.inserted_since_vacuum,
                 moment(counted.last_vacuum), nullptr, moment(counted.last_analyze), nullptr, counted.vacuums, 0,
                 counted.analyzes, 0);
    });
}

template <scope Which>
void fill_stat_indexes(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        if (!is_shown<Which>(table)) return;
        for (auto const& index : table.indexes) {
            auto const counted = rows.session.shared.usage.relation(index.id);
            rows.add(table.id, index.id, table.schema_name, table.name, index.name, counted.scans, counted.rows_read,
                     counted.rows_read);
        }
    });
}

/// Read are pages and blocks from files; a hit is a request to the store that needed none. What a scan through an index does counts with
/// the index, what it reads of the table's rows too.
template <scope Which>
void fill_statio_tables(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        if (!is_shown<Which>(table)) return;
        nullable_datum index_reads, index_hits;
        if (!table.indexes.empty()) {
            auto const indexes = through_indexes(rows, table);
            index_reads = datum{static_cast<std::int64_t>(indexes.reads)};
            index_hits = datum{static_cast<std::int64_t>(indexes.hits)};
        }
        auto const counted = rows.session.shared.usage.relation(table.id);
        rows.add(table.id, table.schema_name, table.name, counted.reads, counted.hits, index_reads, index_hits, nullptr,
                 nullptr, nullptr, nullptr);
    });
}

template <scope Which>
void fill_statio_indexes(system_rows& rows) {
    rows.each_table([&](schema::table_descriptor const& table) {
        if (!is_shown<Which>(table)) return;
        for (auto const& index : table.indexes) {
            auto const counted = rows.session.shared.usage.relation(index.id);
            rows.add(table.id, index.id, table.schema_name, table.name, index.name, counted.reads, counted.hits);
        }
    });
}

void fill_stat_database(system_rows& rows) {
    auto const shard = rows.session.shared.shard->statistics();
    for (auto const& [id, one] : rows.catalog.databases()) {
        auto const counted = rows.session.shared.usage.database(id);
        std::int64_t connected = 0;
        {
            std::lock_guard hold(rows.session.shared.sessions_mutex);
            for (auto const& [number, activity] : rows.session.shared.sessions) {
                connected += activity.database == one->name;
            }
        }
        bool here = id == rows.session.database;  // locks are counted for all databases together
        rows.add(id, one->name, connected, counted.commits, counted.rollbacks, counted.reads, counted.hits,
                 counted.rows_read + counted.rows_fetched, counted.rows_fetched, counted.inserted, counted.updated,
                 counted.deleted, 0, 0, 0, here ? shard.deadlocks : 0u, nullptr, nullptr, 0.0, 0.0, 0.0, 0.0, 0.0,
                 counted.sessions, 0, 0, 0, moment(counted.reset_at));
    }
}

void fill_stat_bgwriter(system_rows& rows) {
    auto const store = mvcc::store_statistics_of(*rows.session.shared.shard);
    rows.add(store.checkpoints, 0, 0.0, 0.0, 0, 0, 0, 0, 0, 0, moment(rows.session.shared.opened_at));
}

void fill_stat_wal(system_rows& rows) {
    auto const shard = rows.session.shared.shard->statistics();
    rows.add(shard.commits, 0, shard.log.bytes, 0, shard.log.syncs, shard.log.syncs, 0.0, 0.0,
             moment(rows.session.shared.opened_at));
}

}  // namespace

// clang-format off
std::vector<system_table> const& statistics_tables() {
    constexpr auto here = schema::pg_catalog_id;
    constexpr std::string_view tables = "relid oid, schemaname name, relname name, seq_scan int8, seq_tup_read int8, idx_scan int8, idx_tup_fetch int8, n_tup_ins int8, n_tup_upd int8, n_tup_del int8, n_tup_hot_upd int8, n_live_tup int8, n_dead_tup int8, n_mod_since_analyze int8, n_ins_since_vacuum int8, last_vacuum timestamptz, last_autovacuum timestamptz, last_analyze timestamptz, last_autoanalyze timestamptz, vacuum_count int8, autovacuum_count int8, analyze_count int8, autoanalyze_count int8";
    constexpr std::string_view indexes = "relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_scan int8, idx_tup_read int8, idx_tup_fetch int8";
    constexpr std::string_view io_tables = "relid oid, schemaname name, relname name, heap_blks_read int8, heap_blks_hit int8, idx_blks_read int8, idx_blks_hit int8, toast_blks_read int8, toast_blks_hit int8, tidx_blks_read int8, tidx_blks_hit int8";
    constexpr std::string_view io_indexes = "relid oid, indexrelid oid, schemaname name, relname name, indexrelname name, idx_blks_read int8, idx_blks_hit int8";
    static std::vector<system_table> const made = {
        {12020, here, "pg_stat_all_tables", tables, fill_stat_tables<scope::all>},
        {12021, here, "pg_stat_user_tables", tables, fill_stat_tables<scope::user>},
        {12022, here, "pg_stat_sys_tables", tables, fill_stat_tables<scope::system>},
        {12023, here, "pg_stat_all_indexes", indexes, fill_stat_indexes<scope::all>},
        {12024, here, "pg_stat_user_indexes", indexes, fill_stat_indexes<scope::user>},
        {12025, here, "pg_stat_sys_indexes", indexes, fill_stat_indexes<scope::system>},
        {12026, here, "pg_statio_all_tables", io_tables, fill_statio_tables<scope::all>},
        {12027, here, "pg_statio_user_tables", io_tables, fill_statio_tables<scope::user>},
        {12028, here, "pg_statio_sys_tables", io_tables, fill_statio_tables<scope::system>},
        {12029, here, "pg_statio_all_indexes", io_indexes, fill_statio_indexes<scope::all>},
        {12030, here, "pg_statio_user_indexes", io_indexes, fill_statio_indexes<scope::user>},
        {12031, here, "pg_statio_sys_indexes", io_indexes, fill_statio_indexes<scope::system>},
        {12032, here, "pg_stat_database", "datid oid, datname name, numbackends int4, xact_commit int8, xact_rollback int8, blks_read int8, blks_hit int8, tup_returned int8, tup_fetched int8, tup_inserted int8, tup_updated int8, tup_deleted int8, conflicts int8, temp_files int8, temp_bytes int8, deadlocks int8, checksum_failures int8, checksum_last_failure timestamptz, blk_read_time float8, blk_write_time float8, session_time float8, active_time float8, idle_in_transaction_time float8, sessions int8, sessions_abandoned int8, sessions_fatal int8, sessions_killed int8, stats_reset timestamptz", fill_stat_database},
        {12033, here, "pg_stat_bgwriter", "checkpoints_timed int8, checkpoints_req int8, checkpoint_write_time float8, checkpoint_sync_time float8, buffers_checkpoint int8, buffers_clean int8, maxwritten_clean int8, buffers_backend int8, buffers_backend_fsync int8, buffers_alloc int8, stats_reset timestamptz", fill_stat_bgwriter},
        {12034, here, "pg_stat_wal", "wal_records int8, wal_fpi int8, wal_bytes int8, wal_buffers_full int8, wal_write int8, wal_sync int8, wal_write_time float8, wal_sync_time float8, stats_reset timestamptz", fill_stat_wal},
    };
    return made;
}
// clang-format on

}  // namespace phantomdb::sql
