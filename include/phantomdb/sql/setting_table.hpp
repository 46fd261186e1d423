/// @file Defines the table of run-time parameters.
///
/// A parameter is listed when clients and tools set or read it. Those that steer what PhantomDB does not have (planner
/// switches, memory areas) are accepted and have no effect; their descriptions say so.
#pragma once

#include <phantomdb/sql/settings.hpp>

namespace phantomdb::sql {

// clang-format off
inline std::vector<setting_definition> const& setting_definitions() {
    using enum setting_kind;
    constexpr auto internal = setting_context::internal, postmaster = setting_context::postmaster, user = setting_context::user;
    constexpr std::string_view empty{}, unused = "Accepted for compatibility; has no effect.";
    static std::vector<setting_definition> const table = {
        {"application_name", text, user, "", empty, empty, true, 0, 0, "Sets the application name to be reported in statistics and logs."},
        {"backslash_quote", choice, user, "safe_encoding", empty, "safe_encoding,on,off", false, 0, 0, unused},
        {"block_size", integer, internal, "8192", empty, empty, false, 0, INT64_MAX, unused},
        {"bytea_output", choice, user, "hex", empty, "escape,hex", false, 0, 0, "Sets the output format for bytea."},
        {"check_function_bodies", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"client_encoding", text, user, "UTF8", empty, empty, true, 0, 0, "Sets the client's character set encoding."},
        {"client_min_messages", choice, user, "notice", empty, "debug5,debug4,debug3,debug2,debug1,log,notice,warning,error", false, 0, 0, "Sets the message levels that are sent to the client."},
        {"constraint_exclusion", choice, user, "partition", empty, "partition,on,off", false, 0, 0, unused},
        {"cursor_tuple_fraction", real, user, "0.1", empty, empty, false, 0, 0, unused},
        {"DateStyle", text, user, "ISO, MDY", empty, empty, true, 0, 0, "Sets the display format for date and time values."},
        {"default_statistics_target", integer, user, "100", empty, empty, false, 1, 10000, unused},
        {"default_table_access_method", text, user, "heap", empty, empty, false, 0, 0, "Sets the default table access method for new tables."},
        {"default_tablespace", text, user, "", empty, empty, false, 0, 0, unused},
        {"default_toast_compression", choice, user, "pglz", empty, "pglz,lz4", false, 0, 0, unused},
        {"default_transaction_deferrable", boolean, user, "off", empty, empty, false, 0, 0, unused},
        {"default_transaction_isolation", choice, user, "read committed", empty, "serializable,repeatable read,read committed,read uncommitted", false, 0, 0, "Sets the transaction isolation level of each new transaction."},
        {"default_transaction_read_only", boolean, user, "off", empty, empty, true, 0, 0, "Sets the default read-only status of new transactions."},
        {"effective_cache_size", integer, user, "524288", "8kB", empty, false, 1, INT32_MAX, unused},
        {"enable_bitmapscan", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_hashagg", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_hashjoin", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_indexonlyscan", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_indexscan", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_material", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_memoize", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_mergejoin", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_nestloop", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_seqscan", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"enable_sort", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"escape_string_warning", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"extra_float_digits", integer, user, "1", empty, empty, false, -15, 3, "Sets the number of digits displayed for floating-point values."},
        {"from_collapse_limit", integer, user, "8", empty, empty, false, 1, INT32_MAX, unused},
        {"geqo", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"geqo_threshold", integer, user, "12", empty, empty, false, 2, INT32_MAX, unused},
        {"idle_in_transaction_session_timeout", integer, user, "0", "ms", empty, false, 0, INT32_MAX, "Sets the maximum allowed idle time between queries, when in a transaction."},
        {"idle_session_timeout", integer, user, "0", "ms", empty, false, 0, INT32_MAX, unused},
        {"in_hot_standby", boolean, internal, "off", empty, empty, true, 0, 0, "Shows whether hot standby is currently active."},
        {"integer_datetimes", boolean, internal, "on", empty, empty, true, 0, 0, "Shows whether datetimes are integer based."},
        {"IntervalStyle", choice, user, "postgres", empty, "postgres", true, 0, 0, "Sets the display format for interval values."},
        {"jit", boolean, user, "off", empty, empty, false, 0, 0, unused},
        {"join_collapse_limit", integer, user, "8", empty, empty, false, 1, INT32_MAX, unused},
        {"lc_collate", text, internal, "C", empty, empty, false, 0, 0, "Shows the collation order locale."},
        {"lc_ctype", text, internal, "C", empty, empty, false, 0, 0, "Shows the character classification and case conversion locale."},
        {"lc_messages", text, user, "C", empty, empty, false, 0, 0, unused},
        {"lc_monetary", text, user, "C", empty, empty, false, 0, 0, unused},
        {"lc_numeric", text, user, "C", empty, empty, false, 0, 0, unused},
        {"lc_time", text, user, "C", empty, empty, false, 0, 0, unused},
        {"lock_timeout", integer, user, "0", "ms", empty, false, 0, INT32_MAX, "Sets the maximum allowed duration of any wait for a lock."},
        {"log_min_duration_statement", integer, user, "-1", "ms", empty, false, -1, INT32_MAX, unused},
        {"log_statement", choice, user, "none", empty, "none,ddl,mod,all", false, 0, 0, unused},
        {"maintenance_work_mem", integer, user, "65536", "kB", empty, false, 1024, INT32_MAX, unused},
        {"max_connections", integer, postmaster, "100", empty, empty, false, 1, 262143, "Sets the maximum number of concurrent connections."},
        {"max_identifier_length", integer, internal, "63", empty, empty, false, 63, 63, "Shows the maximum identifier length."},
        {"max_index_keys", integer, internal, "32", empty, empty, false, 32, 32, "Shows the maximum number of index keys."},
        {"max_parallel_workers_per_gather", integer, user, "0", empty, empty, false, 0, 1024, unused},
        {"password_encryption", choice, user, "scram-sha-256", empty, "scram-sha-256", false, 0, 0, "Chooses the algorithm for encrypting passwords."},
        {"plan_cache_mode", choice, user, "auto", empty, "auto,force_generic_plan,force_custom_plan", false, 0, 0, "Controls the planner's selection of custom or generic plan."},
        {"quote_all_identifiers", boolean, user, "off", empty, empty, false, 0, 0, unused},
        {"random_page_cost", real, user, "4", empty, empty, false, 0, 0, unused},
        {"row_security", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"search_path", text, user, "\"$user\", public", empty, empty, false, 0, 0, "Sets the schema search order for names that are not schema-qualified."},
        {"seq_page_cost", real, user, "1", empty, empty, false, 0, 0, unused},
        {"server_encoding", text, internal, "UTF8", empty, empty, true, 0, 0, "Shows the server (database) character set encoding."},
        {"server_version", text, internal, "15.8", empty, empty, true, 0, 0, "Shows the server version."},
        {"server_version_num", integer, internal, "150008", empty, empty, false, 0, INT32_MAX, "Shows the server version as an integer."},
        {"session_authorization", text, internal, "postgres", empty, empty, true, 0, 0, "Shows the session user name."},
        {"session_replication_role", choice, user, "origin", empty, "origin,replica,local", false, 0, 0, unused},
        {"is_superuser", boolean, internal, "on", empty, empty, true, 0, 0, "Shows whether the current user is a superuser."},
        {"standard_conforming_strings", choice, user, "on", empty, "on", true, 0, 0, "Causes '...' strings to treat backslashes literally."},
        {"statement_timeout", integer, user, "0", "ms", empty, false, 0, INT32_MAX, "Sets the maximum allowed duration of any statement."},
        {"synchronize_seqscans", boolean, user, "on", empty, empty, false, 0, 0, unused},
        {"synchronous_commit", choice, user, "on", empty, "local,remote_write,remote_apply,on,off", false, 0, 0, "Sets whether a commit waits until it is durable."},
        {"tcp_keepalives_idle", integer, user, "0", "s", empty, false, 0, INT32_MAX, unused},
        {"temp_buffers", integer, user, "1024", "8kB", empty, false, 100, INT32_MAX, unused},
        {"TimeZone", text, user, "UTC", empty, empty, true, 0, 0, "Sets the time zone for displaying and interpreting time stamps."},
        {"transaction_deferrable", boolean, user, "off", empty, empty, false, 0, 0, unused},
        {"transaction_isolation", choice, user, "read committed", empty, "serializable,repeatable read,read committed,read uncommitted", false, 0, 0, "Sets the current transaction's isolation level."},
        {"transaction_read_only", boolean, user, "off", empty, empty, false, 0, 0, "Sets the current transaction's read-only status."},
        {"wal_level", choice, postmaster, "replica", empty, "minimal,replica,logical", false, 0, 0, unused},
        {"work_mem", integer, user, "4096", "kB", empty, false, 64, INT32_MAX, unused},
        {"xmloption", choice, user, "content", empty, "content,document", false, 0, 0, unused},
    };
    return table;
}
// clang-format on

}  // namespace phantomdb::sql
