/// @file Defines the list of functions that ask the session they run in: sequences, settings, the catalog, other sessions.
///
/// A row is `X(enumerator, "SQL name", (argument types), result type, flags)`; `query/function.hpp` says what the flags mean.
#pragma once

// clang-format off

#define PHANTOMDB_SYSTEM_FUNCTIONS(X)                                                          \
    X(nextval, "nextval", (text), int8, volatile_)                                             \
    X(nextval_oid, "nextval", (oid), int8, volatile_)                                          \
    X(currval, "currval", (text), int8, volatile_)                                             \
    X(currval_oid, "currval", (oid), int8, volatile_)                                          \
    X(setval, "setval", (text, int8), int8, volatile_)                                         \
    X(setval_called, "setval", (text, int8, boolean), int8, volatile_)                         \
    X(setval_oid, "setval", (oid, int8), int8, volatile_)                                      \
    X(setval_oid_called, "setval", (oid, int8, boolean), int8, volatile_)                      \
    X(lastval, "lastval", (), int8, volatile_)                                                 \
    X(current_setting, "current_setting", (text), text, stable)                                \
    X(current_setting_missing, "current_setting", (text, boolean), text, stable | nonstrict)   \
    X(set_config, "set_config", (text, text, boolean), text, volatile_ | nonstrict)            \
    X(to_regclass, "to_regclass", (text), oid, stable)                                         \
    X(to_regtype, "to_regtype", (text), oid, stable)                                           \
    X(format_type, "format_type", (oid, int4), text, stable | nonstrict)                       \
    X(pg_backend_pid, "pg_backend_pid", (), int4, stable)                                      \
    X(pg_cancel_backend, "pg_cancel_backend", (int4), boolean, volatile_)                      \
    X(pg_terminate_backend, "pg_terminate_backend", (int4), boolean, volatile_)                \
    X(pg_get_indexdef, "pg_get_indexdef", (oid), text, stable)                                 \
    X(pg_get_indexdef_column, "pg_get_indexdef", (oid, int4, boolean), text, stable)           \
    X(pg_get_constraintdef, "pg_get_constraintdef", (oid), text, stable)                       \
    X(pg_get_constraintdef_pretty, "pg_get_constraintdef", (oid, boolean), text, stable)       \
    X(pg_get_expr, "pg_get_expr", (text, oid), text, stable)                                   \
    X(pg_get_expr_pretty, "pg_get_expr", (text, oid, boolean), text, stable)                   \
    X(pg_get_viewdef, "pg_get_viewdef", (oid), text, stable)                                   \
    X(pg_get_viewdef_pretty, "pg_get_viewdef", (oid, boolean), text, stable)                   \
    X(pg_get_userbyid, "pg_get_userbyid", (oid), name, stable)                                 \
    X(pg_get_serial_sequence, "pg_get_serial_sequence", (text, text), text, stable)            \
    X(pg_table_is_visible, "pg_table_is_visible", (oid), boolean, stable)                      \
    X(pg_type_is_visible, "pg_type_is_visible", (oid), boolean, stable)                        \
    X(pg_function_is_visible, "pg_function_is_visible", (oid), boolean, stable)                \
    X(obj_description, "obj_description", (oid, text), text, stable)                           \
    X(obj_description_any, "obj_description", (oid), text, stable)                             \
    X(col_description, "col_description", (oid, int4), text, stable)                           \
    X(shobj_description, "shobj_description", (oid, text), text, stable)                       \
    X(pg_encoding_to_char, "pg_encoding_to_char", (int4), name, stable)                        \
    X(pg_relation_size, "pg_relation_size", (oid), int8, volatile_)                            \
    X(pg_table_size, "pg_table_size", (oid), int8, volatile_)                                  \
    X(pg_total_relation_size, "pg_total_relation_size", (oid), int8, volatile_)                \
    X(pg_size_pretty, "pg_size_pretty", (int8), text, 0)                                       \
    X(pg_is_in_recovery, "pg_is_in_recovery", (), boolean, volatile_)                          \
    X(has_table_privilege, "has_table_privilege", (text, text), boolean, stable)               \
    X(has_table_privilege_user, "has_table_privilege", (text, text, text), boolean, stable)    \
    X(has_table_privilege_oid, "has_table_privilege", (oid, text), boolean, stable)            \
    X(has_schema_privilege, "has_schema_privilege", (text, text), boolean, stable)             \
    X(has_schema_privilege_user, "has_schema_privilege", (text, text, text), boolean, stable)  \
    X(has_schema_privilege_oid, "has_schema_privilege", (oid, text), boolean, stable)          \
    X(has_database_privilege, "has_database_privilege", (text, text), boolean, stable)         \
    X(has_database_privilege_user, "has_database_privilege", (text, text, text), boolean, stable) \
    X(pg_has_role, "pg_has_role", (text, text), boolean, stable)                               \
    X(pg_advisory_lock, "pg_advisory_lock", (int8), void_, volatile_)                          \
    X(pg_advisory_unlock, "pg_advisory_unlock", (int8), boolean, volatile_)                    \
    X(pg_try_advisory_lock, "pg_try_advisory_lock", (int8), boolean, volatile_)                \
    X(pg_advisory_unlock_all, "pg_advisory_unlock_all", (), void_, volatile_)                  \
    X(pg_advisory_xact_lock, "pg_advisory_xact_lock", (int8), void_, volatile_)                \
    X(pg_try_advisory_xact_lock, "pg_try_advisory_xact_lock", (int8), boolean, volatile_)      \
    X(txid_current, "txid_current", (), int8, stable)                                          \
    X(pg_sleep, "pg_sleep", (float8), void_, volatile_)                                        \
    X(array_to_string, "array_to_string", (text, text), text, 0)                               \
    X(current_schemas, "current_schemas", (boolean), text, stable)                             \
    X(pg_partition_ancestors, "pg_partition_ancestors", (oid), oid, stable)                    \
    X(pg_tablespace_location, "pg_tablespace_location", (oid), text, stable)                   \
    X(pg_get_function_result, "pg_get_function_result", (oid), text, stable)                   \
    X(pg_get_function_arguments, "pg_get_function_arguments", (oid), text, stable)             \
    X(pg_get_function_identity_arguments, "pg_get_function_identity_arguments", (oid), text, stable)\
    X(pg_get_triggerdef, "pg_get_triggerdef", (oid), text, stable)                             \
    X(pg_get_triggerdef_pretty, "pg_get_triggerdef", (oid, boolean), text, stable)             \
    X(pg_get_ruledef, "pg_get_ruledef", (oid), text, stable)                                   \
    X(pg_get_ruledef_pretty, "pg_get_ruledef", (oid, boolean), text, stable)                   \
    X(pg_get_partkeydef, "pg_get_partkeydef", (oid), text, stable)                             \
    X(pg_get_statisticsobjdef_columns, "pg_get_statisticsobjdef_columns", (oid), text, stable) \
    X(pg_relation_is_publishable, "pg_relation_is_publishable", (oid), boolean, stable)        \
    X(pg_indexes_size, "pg_indexes_size", (oid), int8, volatile_)                              \
    X(pg_database_size, "pg_database_size", (oid), int8, volatile_)                            \
    X(pg_database_size_name, "pg_database_size", (text), int8, volatile_)                      \
    X(pg_postmaster_start_time, "pg_postmaster_start_time", (), timestamptz, stable)           \
    X(pg_my_temp_schema, "pg_my_temp_schema", (), oid, stable)                                 \
    X(pg_is_other_temp_schema, "pg_is_other_temp_schema", (oid), boolean, stable)              \
    X(pg_collation_is_visible, "pg_collation_is_visible", (oid), boolean, stable)              \
    X(pg_operator_is_visible, "pg_operator_is_visible", (oid), boolean, stable)                \
    X(pg_opclass_is_visible, "pg_opclass_is_visible", (oid), boolean, stable)                  \
    X(to_regnamespace, "to_regnamespace", (text), oid, stable)                                 \
    X(to_regrole, "to_regrole", (text), oid, stable)                                           \
    X(has_sequence_privilege, "has_sequence_privilege", (text, text), boolean, stable)         \
    X(has_function_privilege, "has_function_privilege", (oid, text), boolean, stable)          \
    X(has_column_privilege, "has_column_privilege", (oid, int2, text), boolean, stable)        \
    X(has_any_column_privilege, "has_any_column_privilege", (oid, text), boolean, stable)      \
    X(transaction_id, "phantom.transaction_id", (), text, volatile_)                           \
    X(transaction_status, "phantom.transaction_status", (text), text, volatile_)               \
    X(add_node, "phantom.add_node", (int8, text), void_, volatile_)                            \
    X(remove_node, "phantom.remove_node", (int8), void_, volatile_)                            \
    X(transfer_leadership, "phantom.transfer_leadership", (int8), void_, volatile_)            \
    X(phantomdb_backup, "phantomdb_backup", (text), int8, volatile_)                           \
    X(pg_relation_size_fork, "pg_relation_size", (oid, text), int8, volatile_)                 \
    X(pg_stat_reset, "pg_stat_reset", (), void_, volatile_)                                    \
    X(pg_stat_reset_table, "pg_stat_reset_single_table_counters", (oid), void_, volatile_)     \
    X(pg_stat_force_next_flush, "pg_stat_force_next_flush", (), void_, volatile_)              \
    X(pg_stat_clear_snapshot, "pg_stat_clear_snapshot", (), void_, volatile_)                  \
    X(pg_reload_conf, "pg_reload_conf", (), boolean, volatile_)                                \
    X(regclass_text, "regclassout", (oid), text, stable)
