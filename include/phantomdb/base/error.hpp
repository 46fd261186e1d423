/// @file Defines `error`, the one exception type of the library, and the SQLSTATEs it carries.
///
/// Faults a user can cause or must know about (bad SQL, a violated constraint, a full disk) are thrown as `error`.
/// Bugs are caught by the assertions of `base/assert.hpp` instead.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb {

/// A five-character SQLSTATE, for instance `"23505"`. Structural and cheap to copy.
struct sqlstate {
    char code[6]{'0', '0', '0', '0', '0', '\0'};

    constexpr sqlstate() = default;
    constexpr sqlstate(char const (&text)[6]) {  // NOLINT: implicit by design
        for (int i = 0; i < 6; ++i) code[i] = text[i];
    }
    constexpr std::string_view view() const { return {code, 5}; }
    friend constexpr bool operator==(sqlstate const& a, sqlstate const& b) { return a.view() == b.view(); }
};

/// The SQLSTATEs PhantomDB raises, under PostgreSQL's condition names.
namespace errc {
inline constexpr sqlstate warning{"01000"};
inline constexpr sqlstate connection_failure{"08006"};
inline constexpr sqlstate protocol_violation{"08P01"};
inline constexpr sqlstate feature_not_supported{"0A000"};
inline constexpr sqlstate cardinality_violation{"21000"};
inline constexpr sqlstate string_data_right_truncation{"22001"};
inline constexpr sqlstate numeric_value_out_of_range{"22003"};
inline constexpr sqlstate invalid_datetime_format{"22007"};
inline constexpr sqlstate datetime_field_overflow{"22008"};
inline constexpr sqlstate division_by_zero{"22012"};
inline constexpr sqlstate interval_field_overflow{"22015"};
inline constexpr sqlstate invalid_escape_sequence{"22025"};
inline constexpr sqlstate invalid_parameter_value{"22023"};
inline constexpr sqlstate invalid_regular_expression{"2201B"};
inline constexpr sqlstate invalid_limit{"2201W"};
inline constexpr sqlstate invalid_offset{"2201X"};
inline constexpr sqlstate invalid_argument_for_logarithm{"2201E"};
inline constexpr sqlstate invalid_argument_for_power{"2201F"};
inline constexpr sqlstate substring_error{"22011"};
inline constexpr sqlstate character_not_in_repertoire{"22021"};
inline constexpr sqlstate invalid_text_representation{"22P02"};
inline constexpr sqlstate invalid_binary_representation{"22P03"};
inline constexpr sqlstate bad_copy_file_format{"22P04"};
inline constexpr sqlstate untranslatable_character{"22P05"};
inline constexpr sqlstate null_value_not_allowed{"22004"};
inline constexpr sqlstate not_null_violation{"23502"};
inline constexpr sqlstate foreign_key_violation{"23503"};
inline constexpr sqlstate unique_violation{"23505"};
inline constexpr sqlstate check_violation{"23514"};
inline constexpr sqlstate invalid_cursor_state{"24000"};
inline constexpr sqlstate active_sql_transaction{"25001"};
inline constexpr sqlstate read_only_sql_transaction{"25006"};
inline constexpr sqlstate no_active_sql_transaction{"25P01"};
inline constexpr sqlstate in_failed_sql_transaction{"25P02"};
inline constexpr sqlstate invalid_sql_statement_name{"26000"};
inline constexpr sqlstate invalid_authorization{"28000"};
inline constexpr sqlstate invalid_password{"28P01"};
inline constexpr sqlstate dependent_objects_still_exist{"2BP01"};
inline constexpr sqlstate invalid_savepoint{"3B001"};
inline constexpr sqlstate invalid_cursor_name{"34000"};
inline constexpr sqlstate invalid_catalog_name{"3D000"};
inline constexpr sqlstate invalid_schema_name{"3F000"};
inline constexpr sqlstate serialization_failure{"40001"};
inline constexpr sqlstate deadlock_detected{"40P01"};
inline constexpr sqlstate syntax_error{"42601"};
inline constexpr sqlstate insufficient_privilege{"42501"};
inline constexpr sqlstate cannot_coerce{"42846"};
inline constexpr sqlstate grouping_error{"42803"};
inline constexpr sqlstate windowing_error{"42P20"};
inline constexpr sqlstate invalid_recursion{"42P19"};
inline constexpr sqlstate invalid_foreign_key{"42830"};
inline constexpr sqlstate invalid_name{"42602"};
inline constexpr sqlstate name_too_long{"42622"};
inline constexpr sqlstate reserved_name{"42939"};
inline constexpr sqlstate datatype_mismatch{"42804"};
inline constexpr sqlstate indeterminate_datatype{"42P18"};
inline constexpr sqlstate wrong_object_type{"42809"};
inline constexpr sqlstate undefined_column{"42703"};
inline constexpr sqlstate undefined_function{"42883"};
inline constexpr sqlstate undefined_table{"42P01"};
inline constexpr sqlstate undefined_parameter{"42P02"};
inline constexpr sqlstate undefined_object{"42704"};
inline constexpr sqlstate duplicate_column{"42701"};
inline constexpr sqlstate duplicate_cursor{"42P03"};
inline constexpr sqlstate duplicate_database{"42P04"};
inline constexpr sqlstate duplicate_prepared_statement{"42P05"};
inline constexpr sqlstate duplicate_schema{"42P06"};
inline constexpr sqlstate duplicate_table{"42P07"};
inline constexpr sqlstate duplicate_alias{"42712"};
inline constexpr sqlstate duplicate_object{"42710"};
inline constexpr sqlstate ambiguous_column{"42702"};
inline constexpr sqlstate ambiguous_function{"42725"};
inline constexpr sqlstate ambiguous_parameter{"42P08"};
inline constexpr sqlstate invalid_column_reference{"42P10"};
inline constexpr sqlstate invalid_column_definition{"42611"};
inline constexpr sqlstate invalid_table_definition{"42P16"};
inline constexpr sqlstate invalid_object_definition{"42P17"};
inline constexpr sqlstate invalid_schema_definition{"42P15"};
inline constexpr sqlstate with_check_option_violation{"44000"};
inline constexpr sqlstate out_of_memory{"53200"};
inline constexpr sqlstate disk_full{"53100"};
inline constexpr sqlstate too_many_connections{"53300"};
inline constexpr sqlstate program_limit_exceeded{"54000"};
inline constexpr sqlstate statement_too_complex{"54001"};
inline constexpr sqlstate too_many_columns{"54011"};
inline constexpr sqlstate object_not_in_prerequisite_state{"55000"};
inline constexpr sqlstate object_in_use{"55006"};
inline constexpr sqlstate lock_not_available{"55P03"};
inline constexpr sqlstate cant_change_runtime_param{"55P02"};
inline constexpr sqlstate query_canceled{"57014"};
inline constexpr sqlstate admin_shutdown{"57P01"};
inline constexpr sqlstate cannot_connect_now{"57P03"};
inline constexpr sqlstate undefined_file{"58P01"};
inline constexpr sqlstate duplicate_file{"58P02"};
inline constexpr sqlstate io_error{"58030"};
inline constexpr sqlstate config_file_error{"F0000"};
inline constexpr sqlstate lock_file_exists{"F0001"};
inline constexpr sqlstate internal_error{"XX000"};
inline constexpr sqlstate data_corrupted{"XX001"};
inline constexpr sqlstate index_corrupted{"XX002"};
}  // namespace errc

/// What went wrong, in the fields of PostgreSQL's error report. Thrown by value, caught by reference.
///
/// Fields are filled with the chained setters: `throw error(errc::unique_violation, "…").with_detail("…");`
/// `position` counts characters (not bytes) from 1 in the text of the statement; 0 means unknown.
class error : public std::exception {
public:
    sqlstate code;
    std::string message, detail, hint;
    std::string context;  ///< where in what was going on: "COPY t, line 2, column a"
    int position = 0;
    std::string schema_name, table_name, column_name, type_name, constraint_name;

    error(sqlstate state, std::string text) : code(state), message(std::move(text)) {}

    char const* what() const noexcept override { return message.c_str(); }

    error&& with_detail(std::string text) && { return detail = std::move(text), std::move(*this); }
    error&& with_hint(std::string text) && { return hint = std::move(text), std::move(*this); }
    error&& with_context(std::string text) && { return context = std::move(text), std::move(*this); }
    error&& at(int one_based_character) && { return position = one_based_character, std::move(*this); }
    error&& on_table(std::string schema, std::string table) && {
        return schema_name = std::move(schema), table_name = std::move(table), std::move(*this);
    }
    error&& on_column(std::string name) && { return column_name = std::move(name), std::move(*this); }
    error&& on_constraint(std::string name) && { return constraint_name = std::move(name), std::move(*this); }
};

}  // namespace phantomdb
