/// @file Defines the lists of scalar functions and operators, one X-macro a family.
///
/// A row is `X(enumerator, "SQL name", (argument types), result type, flags)`; `query/function.hpp` says what the flags
/// mean. The enumerator is also the name of the C++ function in `exec/functions/<family>.hpp` that does the work.
/// Rows that differ in types only are made by the small macros above the lists.
#pragma once

#include <phantomdb/query/function_system_list.hpp>

// clang-format off

#define PHANTOMDB_COMPARISON_OF(X, prefix, left, right)              \
    X(prefix##_eq, "=",  (left, right), boolean, op)                 \
    X(prefix##_ne, "<>", (left, right), boolean, op)                 \
    X(prefix##_lt, "<",  (left, right), boolean, op)                 \
    X(prefix##_le, "<=", (left, right), boolean, op)                 \
    X(prefix##_gt, ">",  (left, right), boolean, op)                 \
    X(prefix##_ge, ">=", (left, right), boolean, op)

#define PHANTOMDB_COMPARISON_FUNCTIONS(X)                            \
    PHANTOMDB_COMPARISON_OF(X, boolean, boolean, boolean)            \
    PHANTOMDB_COMPARISON_OF(X, int2, int2, int2)                     \
    PHANTOMDB_COMPARISON_OF(X, int4, int4, int4)                     \
    PHANTOMDB_COMPARISON_OF(X, int8, int8, int8)                     \
    PHANTOMDB_COMPARISON_OF(X, int2_int4, int2, int4)                \
    PHANTOMDB_COMPARISON_OF(X, int4_int2, int4, int2)                \
    PHANTOMDB_COMPARISON_OF(X, int2_int8, int2, int8)                \
    PHANTOMDB_COMPARISON_OF(X, int8_int2, int8, int2)                \
    PHANTOMDB_COMPARISON_OF(X, int4_int8, int4, int8)                \
    PHANTOMDB_COMPARISON_OF(X, int8_int4, int8, int4)                \
    PHANTOMDB_COMPARISON_OF(X, numeric, numeric, numeric)            \
    PHANTOMDB_COMPARISON_OF(X, float4, float4, float4)               \
    PHANTOMDB_COMPARISON_OF(X, float8, float8, float8)               \
    PHANTOMDB_COMPARISON_OF(X, float4_float8, float4, float8)        \
    PHANTOMDB_COMPARISON_OF(X, float8_float4, float8, float4)        \
    PHANTOMDB_COMPARISON_OF(X, text, text, text)                     \
    PHANTOMDB_COMPARISON_OF(X, bpchar, bpchar, bpchar)               \
    PHANTOMDB_COMPARISON_OF(X, name, name, name)                     \
    PHANTOMDB_COMPARISON_OF(X, bytea, bytea, bytea)                  \
    PHANTOMDB_COMPARISON_OF(X, date, date, date)                     \
    PHANTOMDB_COMPARISON_OF(X, time, time, time)                     \
    PHANTOMDB_COMPARISON_OF(X, timestamp, timestamp, timestamp)      \
    PHANTOMDB_COMPARISON_OF(X, timestamptz, timestamptz, timestamptz)\
    PHANTOMDB_COMPARISON_OF(X, interval, interval, interval)         \
    PHANTOMDB_COMPARISON_OF(X, uuid, uuid, uuid)                     \
    PHANTOMDB_COMPARISON_OF(X, oid, oid, oid)

#define PHANTOMDB_INTEGER_OPERATORS(X, type)                         \
    X(type##_add, "+", (type, type), type, op)                       \
    X(type##_subtract, "-", (type, type), type, op)                  \
    X(type##_multiply, "*", (type, type), type, op)                  \
    X(type##_divide, "/", (type, type), type, op)                    \
    X(type##_modulo, "%", (type, type), type, op)                    \
    X(type##_mod, "mod", (type, type), type, 0)                      \
    X(type##_negate, "-", (type), type, op)                          \
    X(type##_plus, "+", (type), type, op)                            \
    X(type##_absolute, "@", (type), type, op)                        \
    X(type##_abs, "abs", (type), type, 0)                            \
    X(type##_and, "&", (type, type), type, op)                       \
    X(type##_or, "|", (type, type), type, op)                        \
    X(type##_xor, "#", (type, type), type, op)                       \
    X(type##_not, "~", (type), type, op)                             \
    X(type##_shift_left, "<<", (type, int4), type, op)               \
    X(type##_shift_right, ">>", (type, int4), type, op)

#define PHANTOMDB_FLOAT_OPERATORS(X, type)                           \
    X(type##_add, "+", (type, type), type, op)                       \
    X(type##_subtract, "-", (type, type), type, op)                  \
    X(type##_multiply, "*", (type, type), type, op)                  \
    X(type##_divide, "/", (type, type), type, op)                    \
    X(type##_negate, "-", (type), type, op)                          \
    X(type##_plus, "+", (type), type, op)                            \
    X(type##_absolute, "@", (type), type, op)                        \
    X(type##_abs, "abs", (type), type, 0)

#define PHANTOMDB_MIXED_FLOAT_OPERATORS(X, prefix, left, right)      \
    X(prefix##_add, "+", (left, right), float8, op)                  \
    X(prefix##_subtract, "-", (left, right), float8, op)             \
    X(prefix##_multiply, "*", (left, right), float8, op)             \
    X(prefix##_divide, "/", (left, right), float8, op)

#define PHANTOMDB_ARITHMETIC_FUNCTIONS(X)                            \
    PHANTOMDB_INTEGER_OPERATORS(X, int2)                             \
    PHANTOMDB_INTEGER_OPERATORS(X, int4)                             \
    PHANTOMDB_INTEGER_OPERATORS(X, int8)                             \
    PHANTOMDB_FLOAT_OPERATORS(X, float4)                             \
    PHANTOMDB_FLOAT_OPERATORS(X, float8)                             \
    PHANTOMDB_MIXED_FLOAT_OPERATORS(X, float4_float8, float4, float8)\
    PHANTOMDB_MIXED_FLOAT_OPERATORS(X, float8_float4, float8, float4)\
    PHANTOMDB_FLOAT_OPERATORS(X, numeric)                            \
    X(numeric_modulo, "%", (numeric, numeric), numeric, op)          \
    X(numeric_mod, "mod", (numeric, numeric), numeric, 0)

#define PHANTOMDB_MATH_FUNCTIONS(X)                                           \
    X(float8_floor, "floor", (float8), float8, 0)                             \
    X(numeric_floor, "floor", (numeric), numeric, 0)                          \
    X(float8_ceil, "ceil", (float8), float8, 0)                               \
    X(numeric_ceil, "ceil", (numeric), numeric, 0)                            \
    X(float8_ceiling, "ceiling", (float8), float8, 0)                         \
    X(numeric_ceiling, "ceiling", (numeric), numeric, 0)                      \
    X(float8_round, "round", (float8), float8, 0)                             \
    X(numeric_round, "round", (numeric), numeric, 0)                          \
    X(float8_trunc, "trunc", (float8), float8, 0)                             \
    X(numeric_trunc, "trunc", (numeric), numeric, 0)                          \
    X(float8_sign, "sign", (float8), float8, 0)                               \
    X(numeric_sign, "sign", (numeric), numeric, 0)                            \
    X(float8_sqrt, "sqrt", (float8), float8, 0)                               \
    X(numeric_sqrt, "sqrt", (numeric), numeric, 0)                            \
    X(float8_exp, "exp", (float8), float8, 0)                                 \
    X(float8_ln, "ln", (float8), float8, 0)                                   \
    X(float8_log, "log", (float8), float8, 0)                                 \
    X(float8_log10, "log10", (float8), float8, 0)                             \
    X(float8_power, "power", (float8, float8), float8, 0)                     \
    X(float8_pow, "pow", (float8, float8), float8, 0)                         \
    X(float8_raise, "^", (float8, float8), float8, op)                        \
    X(numeric_round_to, "round", (numeric, int4), numeric, 0)                 \
    X(numeric_trunc_to, "trunc", (numeric, int4), numeric, 0)                 \
    X(numeric_div, "div", (numeric, numeric), numeric, 0)                     \
    X(numeric_scale, "scale", (numeric), int4, 0)                             \
    X(numeric_min_scale, "min_scale", (numeric), int4, 0)                     \
    X(numeric_trim_scale, "trim_scale", (numeric), numeric, 0)                \
    X(float8_root, "|/", (float8), float8, op)                                \
    X(float8_cbrt, "cbrt", (float8), float8, 0)                               \
    X(float8_cube_root, "||/", (float8), float8, op)                          \
    X(pi, "pi", (), float8, 0)                                                \
    X(degrees, "degrees", (float8), float8, 0)                                \
    X(radians, "radians", (float8), float8, 0)                                \
    X(sin, "sin", (float8), float8, 0)                                        \
    X(cos, "cos", (float8), float8, 0)                                        \
    X(tan, "tan", (float8), float8, 0)                                        \
    X(cot, "cot", (float8), float8, 0)                                        \
    X(asin, "asin", (float8), float8, 0)                                      \
    X(acos, "acos", (float8), float8, 0)                                      \
    X(atan, "atan", (float8), float8, 0)                                      \
    X(sind, "sind", (float8), float8, 0)                                      \
    X(cosd, "cosd", (float8), float8, 0)                                      \
    X(tand, "tand", (float8), float8, 0)                                      \
    X(cotd, "cotd", (float8), float8, 0)                                      \
    X(asind, "asind", (float8), float8, 0)                                    \
    X(acosd, "acosd", (float8), float8, 0)                                    \
    X(atand, "atand", (float8), float8, 0)                                    \
    X(sinh, "sinh", (float8), float8, 0)                                      \
    X(cosh, "cosh", (float8), float8, 0)                                      \
    X(tanh, "tanh", (float8), float8, 0)                                      \
    X(asinh, "asinh", (float8), float8, 0)                                    \
    X(acosh, "acosh", (float8), float8, 0)                                    \
    X(atanh, "atanh", (float8), float8, 0)                                    \
    X(atan2, "atan2", (float8, float8), float8, 0)                            \
    X(atan2d, "atan2d", (float8, float8), float8, 0)                          \
    X(random, "random", (), float8, volatile_)                                \
    X(setseed, "setseed", (float8), void_, volatile_)                         \
    X(int4_gcd, "gcd", (int4, int4), int4, 0)                                 \
    X(int8_gcd, "gcd", (int8, int8), int8, 0)                                 \
    X(numeric_gcd, "gcd", (numeric, numeric), numeric, 0)                     \
    X(int4_lcm, "lcm", (int4, int4), int4, 0)                                 \
    X(int8_lcm, "lcm", (int8, int8), int8, 0)                                 \
    X(numeric_lcm, "lcm", (numeric, numeric), numeric, 0)                     \
    X(factorial, "factorial", (int8), numeric, 0)                             \
    X(float8_width_bucket, "width_bucket", (float8, float8, float8, int4), int4, 0)\
    X(numeric_width_bucket, "width_bucket", (numeric, numeric, numeric, int4), int4, 0)

#define PHANTOMDB_NUMERIC_MATH_FUNCTIONS(X)                                   \
    X(numeric_exp, "exp", (numeric), numeric, 0)                              \
    X(numeric_ln, "ln", (numeric), numeric, 0)                                \
    X(numeric_log, "log", (numeric), numeric, 0)                              \
    X(numeric_log10, "log10", (numeric), numeric, 0)                          \
    X(numeric_power, "power", (numeric, numeric), numeric, 0)                 \
    X(numeric_pow, "pow", (numeric, numeric), numeric, 0)                     \
    X(numeric_raise, "^", (numeric, numeric), numeric, op)                    \
    X(numeric_log_base, "log", (numeric, numeric), numeric, 0)

#define PHANTOMDB_TEXT_FUNCTIONS(X)                                           \
    X(text_concat, "||", (text, text), text, op)                              \
    X(text_any_concat, "||", (text, anynonarray), text, op | stable)          \
    X(any_text_concat, "||", (anynonarray, text), text, op | stable)          \
    X(bytea_concat, "||", (bytea, bytea), bytea, op)                          \
    X(lower, "lower", (text), text, 0)                                        \
    X(upper, "upper", (text), text, 0)                                        \
    X(initcap, "initcap", (text), text, 0)                                    \
    X(text_length, "length", (text), int4, 0)                                 \
    X(bpchar_length, "length", (bpchar), int4, 0)                             \
    X(bytea_length, "length", (bytea), int4, 0)                               \
    X(text_char_length, "char_length", (text), int4, 0)                       \
    X(bpchar_char_length, "char_length", (bpchar), int4, 0)                   \
    X(text_character_length, "character_length", (text), int4, 0)             \
    X(bpchar_character_length, "character_length", (bpchar), int4, 0)         \
    X(text_octet_length, "octet_length", (text), int4, 0)                     \
    X(bpchar_octet_length, "octet_length", (bpchar), int4, 0)                 \
    X(bytea_octet_length, "octet_length", (bytea), int4, 0)                   \
    X(text_bit_length, "bit_length", (text), int4, 0)                         \
    X(bytea_bit_length, "bit_length", (bytea), int4, 0)                       \
    X(text_substr, "substr", (text, int4), text, 0)                           \
    X(text_substr_for, "substr", (text, int4, int4), text, 0)                 \
    X(bytea_substr, "substr", (bytea, int4), bytea, 0)                        \
    X(bytea_substr_for, "substr", (bytea, int4, int4), bytea, 0)              \
    X(text_substring, "substring", (text, int4), text, 0)                     \
    X(text_substring_for, "substring", (text, int4, int4), text, 0)           \
    X(bytea_substring, "substring", (bytea, int4), bytea, 0)                  \
    X(bytea_substring_for, "substring", (bytea, int4, int4), bytea, 0)        \
    X(left, "left", (text, int4), text, 0)                                    \
    X(right, "right", (text, int4), text, 0)                                  \
    X(btrim, "btrim", (text, text), text, 0)                                  \
    X(ltrim, "ltrim", (text, text), text, 0)                                  \
    X(rtrim, "rtrim", (text, text), text, 0)                                  \
    X(btrim_blanks, "btrim", (text), text, 0)                                 \
    X(ltrim_blanks, "ltrim", (text), text, 0)                                 \
    X(rtrim_blanks, "rtrim", (text), text, 0)                                 \
    X(bytea_btrim, "btrim", (bytea, bytea), bytea, 0)                         \
    X(bytea_ltrim, "ltrim", (bytea, bytea), bytea, 0)                         \
    X(bytea_rtrim, "rtrim", (bytea, bytea), bytea, 0)                         \
    X(lpad, "lpad", (text, int4), text, 0)                                    \
    X(rpad, "rpad", (text, int4), text, 0)                                    \
    X(lpad_with, "lpad", (text, int4, text), text, 0)                         \
    X(rpad_with, "rpad", (text, int4, text), text, 0)                         \
    X(replace, "replace", (text, text, text), text, 0)                        \
    X(strpos, "strpos", (text, text), int4, 0)                                \
    X(position, "position", (text, text), int4, 0)                            \
    X(bytea_position, "position", (bytea, bytea), int4, 0)                    \
    X(starts_with, "starts_with", (text, text), boolean, 0)                   \
    X(starts_with_operator, "^@", (text, text), boolean, op)                  \
    X(split_part, "split_part", (text, text, int4), text, 0)                  \
    X(repeat, "repeat", (text, int4), text, 0)                                \
    X(reverse, "reverse", (text), text, 0)                                    \
    X(translate, "translate", (text, text, text), text, 0)                    \
    X(overlay, "overlay", (text, text, int4), text, 0)                        \
    X(overlay_for, "overlay", (text, text, int4, int4), text, 0)              \
    X(bytea_overlay, "overlay", (bytea, bytea, int4), bytea, 0)               \
    X(bytea_overlay_for, "overlay", (bytea, bytea, int4, int4), bytea, 0)     \
    X(ascii, "ascii", (text), int4, 0)                                        \
    X(chr, "chr", (int4), text, 0)                                            \
    X(int4_to_hex, "to_hex", (int4), text, 0)                                 \
    X(int8_to_hex, "to_hex", (int8), text, 0)                                 \
    X(concat, "concat", (any), text, nonstrict | variadic | stable)           \
    X(concat_ws, "concat_ws", (text, any), text, nonstrict | variadic | stable)

#define PHANTOMDB_PATTERN_FUNCTIONS(X)                                        \
    X(text_like, "~~", (text, text), boolean, op)                             \
    X(text_not_like, "!~~", (text, text), boolean, op)                        \
    X(text_ilike, "~~*", (text, text), boolean, op)                           \
    X(text_not_ilike, "!~~*", (text, text), boolean, op)                      \
    X(bpchar_like, "~~", (bpchar, text), boolean, op)                         \
    X(bpchar_not_like, "!~~", (bpchar, text), boolean, op)                    \
    X(bpchar_ilike, "~~*", (bpchar, text), boolean, op)                       \
    X(bpchar_not_ilike, "!~~*", (bpchar, text), boolean, op)                  \
    X(bytea_like, "~~", (bytea, bytea), boolean, op)                          \
    X(bytea_not_like, "!~~", (bytea, bytea), boolean, op)                     \
    X(like_escape, "like_escape", (text, text), text, 0)

#define PHANTOMDB_REGEX_FUNCTIONS(X)                                          \
    X(text_matches, "~", (text, text), boolean, op)                           \
    X(text_not_matches, "!~", (text, text), boolean, op)                      \
    X(text_matches_nocase, "~*", (text, text), boolean, op)                   \
    X(text_not_matches_nocase, "!~*", (text, text), boolean, op)              \
    X(bpchar_matches, "~", (bpchar, text), boolean, op)                       \
    X(bpchar_not_matches, "!~", (bpchar, text), boolean, op)                  \
    X(bpchar_matches_nocase, "~*", (bpchar, text), boolean, op)               \
    X(bpchar_not_matches_nocase, "!~*", (bpchar, text), boolean, op)          \
    X(name_matches, "~", (name, text), boolean, op)                           \
    X(name_not_matches, "!~", (name, text), boolean, op)                      \
    X(name_matches_nocase, "~*", (name, text), boolean, op)                   \
    X(name_not_matches_nocase, "!~*", (name, text), boolean, op)              \
    X(regexp_replace, "regexp_replace", (text, text, text), text, 0)          \
    X(regexp_replace_flags, "regexp_replace", (text, text, text, text), text, 0)\
    X(regexp_replace_from, "regexp_replace", (text, text, text, int4), text, 0)\
    X(regexp_replace_number, "regexp_replace", (text, text, text, int4, int4), text, 0)\
    X(regexp_replace_number_flags, "regexp_replace", (text, text, text, int4, int4, text), text, 0)\
    X(regexp_count, "regexp_count", (text, text), int4, 0)                    \
    X(regexp_count_from, "regexp_count", (text, text, int4), int4, 0)         \
    X(regexp_count_flags, "regexp_count", (text, text, int4, text), int4, 0)  \
    X(regexp_like, "regexp_like", (text, text), boolean, 0)                   \
    X(regexp_like_flags, "regexp_like", (text, text, text), boolean, 0)       \
    X(regexp_substr, "regexp_substr", (text, text), text, 0)                  \
    X(regexp_substr_from, "regexp_substr", (text, text, int4), text, 0)       \
    X(regexp_substr_number, "regexp_substr", (text, text, int4, int4), text, 0)\
    X(regexp_substr_flags, "regexp_substr", (text, text, int4, int4, text), text, 0)\
    X(regexp_substr_group, "regexp_substr", (text, text, int4, int4, text, int4), text, 0)\
    X(regexp_instr, "regexp_instr", (text, text), int4, 0)                    \
    X(regexp_instr_from, "regexp_instr", (text, text, int4), int4, 0)         \
    X(regexp_instr_number, "regexp_instr", (text, text, int4, int4), int4, 0) \
    X(regexp_instr_end, "regexp_instr", (text, text, int4, int4, int4), int4, 0)\
    X(regexp_instr_flags, "regexp_instr", (text, text, int4, int4, int4, text), int4, 0)\
    X(regexp_instr_group, "regexp_instr", (text, text, int4, int4, int4, text, int4), int4, 0)\
    X(substring_regex, "substring", (text, text), text, 0)                    \
    X(substring_similar, "substring", (text, text, text), text, 0)            \
    X(similar_to_escape, "similar_to_escape", (text), text, 0)                \
    X(similar_to_escape_with, "similar_to_escape", (text, text), text, 0)

#define PHANTOMDB_TEMPORAL_FUNCTIONS(X)                                       \
    X(date_add_days, "+", (date, int4), date, op)                             \
    X(days_add_date, "+", (int4, date), date, op)                             \
    X(date_subtract_days, "-", (date, int4), date, op)                        \
    X(date_subtract, "-", (date, date), int4, op)                             \
    X(date_add_time, "+", (date, time), timestamp, op)                        \
    X(time_add_date, "+", (time, date), timestamp, op)                        \
    X(date_add, "+", (date, interval), timestamp, op)                         \
    X(add_date, "+", (interval, date), timestamp, op)                         \
    X(date_subtract_interval, "-", (date, interval), timestamp, op)           \
    X(interval_negate, "-", (interval), interval, op)                         \
    X(interval_add, "+", (interval, interval), interval, op)                  \
    X(interval_subtract, "-", (interval, interval), interval, op)             \
    X(interval_multiply, "*", (interval, float8), interval, op)               \
    X(multiply_interval, "*", (float8, interval), interval, op)               \
    X(interval_divide, "/", (interval, float8), interval, op)                 \
    X(timestamp_add, "+", (timestamp, interval), timestamp, op)               \
    X(add_timestamp, "+", (interval, timestamp), timestamp, op)               \
    X(timestamp_subtract, "-", (timestamp, interval), timestamp, op)          \
    X(timestamp_difference, "-", (timestamp, timestamp), interval, op)        \
    X(timestamptz_add, "+", (timestamptz, interval), timestamptz, op | stable)\
    X(add_timestamptz, "+", (interval, timestamptz), timestamptz, op | stable)\
    X(timestamptz_subtract, "-", (timestamptz, interval), timestamptz, op | stable)\
    X(timestamptz_difference, "-", (timestamptz, timestamptz), interval, op)  \
    X(time_add, "+", (time, interval), time, op)                              \
    X(add_time, "+", (interval, time), time, op)                              \
    X(time_subtract, "-", (time, interval), time, op)                         \
    X(time_difference, "-", (time, time), interval, op)                       \
    X(now, "now", (), timestamptz, stable)                                    \
    X(transaction_timestamp, "transaction_timestamp", (), timestamptz, stable)\
    X(statement_timestamp, "statement_timestamp", (), timestamptz, stable)    \
    X(clock_timestamp, "clock_timestamp", (), timestamptz, volatile_)         \
    X(current_timestamp, "current_timestamp", (), timestamptz, stable)        \
    X(localtimestamp, "localtimestamp", (), timestamp, stable)                \
    X(current_date, "current_date", (), date, stable)                         \
    X(current_time, "current_time", (), time, stable)                         \
    X(localtime, "localtime", (), time, stable)                               \
    X(timestamp_age, "age", (timestamp, timestamp), interval, 0)              \
    X(timestamptz_age, "age", (timestamptz, timestamptz), interval, stable)   \
    X(timestamp_age_today, "age", (timestamp), interval, stable)              \
    X(timestamptz_age_today, "age", (timestamptz), interval, stable)          \
    X(interval_justify_hours, "justify_hours", (interval), interval, 0)       \
    X(interval_justify_days, "justify_days", (interval), interval, 0)         \
    X(interval_justify, "justify_interval", (interval), interval, 0)          \
    X(date_isfinite, "isfinite", (date), boolean, 0)                          \
    X(timestamp_isfinite, "isfinite", (timestamp), boolean, 0)                \
    X(timestamptz_isfinite, "isfinite", (timestamptz), boolean, 0)            \
    X(interval_isfinite, "isfinite", (interval), boolean, 0)                  \
    X(make_date, "make_date", (int4, int4, int4), date, 0)                    \
    X(make_time, "make_time", (int4, int4, float8), time, 0)                  \
    X(make_timestamp, "make_timestamp", (int4, int4, int4, int4, int4, float8), timestamp, 0)\
    X(make_timestamptz, "make_timestamptz", (int4, int4, int4, int4, int4, float8), timestamptz, stable)\
    X(make_timestamptz_zone, "make_timestamptz", (int4, int4, int4, int4, int4, float8, text), timestamptz, stable)\
    X(make_interval0, "make_interval", (), interval, 0)                       \
    X(make_interval1, "make_interval", (int4), interval, 0)                   \
    X(make_interval2, "make_interval", (int4, int4), interval, 0)             \
    X(make_interval3, "make_interval", (int4, int4, int4), interval, 0)       \
    X(make_interval4, "make_interval", (int4, int4, int4, int4), interval, 0) \
    X(make_interval5, "make_interval", (int4, int4, int4, int4, int4), interval, 0)\
    X(make_interval6, "make_interval", (int4, int4, int4, int4, int4, int4), interval, 0)\
    X(make_interval, "make_interval", (int4, int4, int4, int4, int4, int4, float8), interval, 0)\
    X(timestamptz_at_zone, "timezone", (text, timestamptz), timestamp, 0)     \
    X(timestamp_at_zone, "timezone", (text, timestamp), timestamptz, 0)       \
    X(timestamptz_at_offset, "timezone", (interval, timestamptz), timestamp, 0)\
    X(timestamp_at_offset, "timezone", (interval, timestamp), timestamptz, 0) \
    X(to_timestamp, "to_timestamp", (float8), timestamptz, 0)                 \
    X(timestamp_bin, "date_bin", (interval, timestamp, timestamp), timestamp, 0)\
    X(timestamptz_bin, "date_bin", (interval, timestamptz, timestamptz), timestamptz, 0)\
    X(timestamp_trunc, "date_trunc", (text, timestamp), timestamp, 0)         \
    X(timestamptz_trunc, "date_trunc", (text, timestamptz), timestamptz, stable)\
    X(timestamptz_trunc_zone, "date_trunc", (text, timestamptz, text), timestamptz, stable)\
    X(interval_trunc, "date_trunc", (text, interval), interval, 0)            \
    X(date_extract, "extract", (text, date), numeric, 0)                      \
    X(date_date_part, "date_part", (text, date), float8, 0)                   \
    X(time_extract, "extract", (text, time), numeric, 0)                      \
    X(time_date_part, "date_part", (text, time), float8, 0)                   \
    X(timestamp_extract, "extract", (text, timestamp), numeric, 0)            \
    X(timestamp_date_part, "date_part", (text, timestamp), float8, 0)         \
    X(timestamptz_extract, "extract", (text, timestamptz), numeric, stable)   \
    X(timestamptz_date_part, "date_part", (text, timestamptz), float8, stable)\
    X(interval_extract, "extract", (text, interval), numeric, 0)              \
    X(interval_date_part, "date_part", (text, interval), float8, 0)           \
    X(timestamp_overlaps, "overlaps", (timestamp, timestamp, timestamp, timestamp), boolean, nonstrict)\
    X(timestamp_overlaps_length, "overlaps", (timestamp, interval, timestamp, interval), boolean, nonstrict)\
    X(timestamptz_overlaps, "overlaps", (timestamptz, timestamptz, timestamptz, timestamptz), boolean, nonstrict)\
    X(timestamptz_overlaps_length, "overlaps", (timestamptz, interval, timestamptz, interval), boolean, nonstrict | stable)\
    X(time_overlaps, "overlaps", (time, time, time, time), boolean, nonstrict)\
    X(time_overlaps_length, "overlaps", (time, interval, time, interval), boolean, nonstrict)

#define PHANTOMDB_JSON_FUNCTIONS(X)                                           \
    X(json_member, "->", (json, text), json, op)                              \
    X(json_element, "->", (json, int4), json, op)                             \
    X(json_member_text, "->>", (json, text), text, op)                        \
    X(json_element_text, "->>", (json, int4), text, op)                       \
    X(json_path, "#>", (json, text), json, op)                                \
    X(json_path_text, "#>>", (json, text), text, op)                          \
    X(json_extract_path, "json_extract_path", (json, text), json, variadic)   \
    X(json_extract_path_text, "json_extract_path_text", (json, text), text, variadic)\
    X(json_typeof, "json_typeof", (json), text, 0)                            \
    X(json_array_length, "json_array_length", (json), int4, 0)                \
    X(json_strip_nulls, "json_strip_nulls", (json), json, 0)                  \
    X(jsonb_member, "->", (jsonb, text), jsonb, op)                           \
    X(jsonb_element, "->", (jsonb, int4), jsonb, op)                          \
    X(jsonb_member_text, "->>", (jsonb, text), text, op)                      \
    X(jsonb_element_text, "->>", (jsonb, int4), text, op)                     \
    X(jsonb_path, "#>", (jsonb, text), jsonb, op)                             \
    X(jsonb_path_text, "#>>", (jsonb, text), text, op)                        \
    X(jsonb_extract_path, "jsonb_extract_path", (jsonb, text), jsonb, variadic)\
    X(jsonb_extract_path_text, "jsonb_extract_path_text", (jsonb, text), text, variadic)\
    X(jsonb_typeof, "jsonb_typeof", (jsonb), text, 0)                         \
    X(jsonb_array_length, "jsonb_array_length", (jsonb), int4, 0)             \
    X(jsonb_strip_nulls, "jsonb_strip_nulls", (jsonb), jsonb, 0)              \
    X(jsonb_eq, "=", (jsonb, jsonb), boolean, op)                             \
    X(jsonb_ne, "<>", (jsonb, jsonb), boolean, op)                            \
    X(jsonb_lt, "<", (jsonb, jsonb), boolean, op)                             \
    X(jsonb_le, "<=", (jsonb, jsonb), boolean, op)                            \
    X(jsonb_gt, ">", (jsonb, jsonb), boolean, op)                             \
    X(jsonb_ge, ">=", (jsonb, jsonb), boolean, op)                            \
    X(jsonb_contains, "@>", (jsonb, jsonb), boolean, op)                      \
    X(jsonb_contained, "<@", (jsonb, jsonb), boolean, op)                     \
    X(jsonb_exists, "?", (jsonb, text), boolean, op)                          \
    X(jsonb_exists_any, "?|", (jsonb, text), boolean, op)                     \
    X(jsonb_exists_all, "?&", (jsonb, text), boolean, op)                     \
    X(jsonb_concat, "||", (jsonb, jsonb), jsonb, op)                          \
    X(jsonb_without_key, "-", (jsonb, text), jsonb, op)                       \
    X(jsonb_without_element, "-", (jsonb, int4), jsonb, op)                   \
    X(jsonb_without_path, "#-", (jsonb, text), jsonb, op)                     \
    X(jsonb_set, "jsonb_set", (jsonb, text, jsonb), jsonb, 0)                 \
    X(jsonb_set_or_not, "jsonb_set", (jsonb, text, jsonb, boolean), jsonb, 0) \
    X(jsonb_insert, "jsonb_insert", (jsonb, text, jsonb), jsonb, 0)           \
    X(jsonb_insert_at, "jsonb_insert", (jsonb, text, jsonb, boolean), jsonb, 0)\
    X(jsonb_pretty, "jsonb_pretty", (jsonb), text, 0)

#define PHANTOMDB_JSON_BUILD_FUNCTIONS(X)                                     \
    X(to_json, "to_json", (any), json, stable)                                \
    X(to_jsonb, "to_jsonb", (any), jsonb, stable)                             \
    X(json_build_array, "json_build_array", (any), json, nonstrict | variadic | stable)\
    X(json_build_empty_array, "json_build_array", (), json, nonstrict)        \
    X(json_build_object, "json_build_object", (any), json, nonstrict | variadic | stable)\
    X(json_build_empty_object, "json_build_object", (), json, nonstrict)      \
    X(jsonb_build_array, "jsonb_build_array", (any), jsonb, nonstrict | variadic | stable)\
    X(jsonb_build_empty_array, "jsonb_build_array", (), jsonb, nonstrict)     \
    X(jsonb_build_object, "jsonb_build_object", (any), jsonb, nonstrict | variadic | stable)\
    X(jsonb_build_empty_object, "jsonb_build_object", (), jsonb, nonstrict)

#define PHANTOMDB_SESSION_FUNCTIONS(X)                                        \
    X(current_user, "current_user", (), name, stable)                         \
    X(session_user, "session_user", (), name, stable)                         \
    X(current_database, "current_database", (), name, stable)                 \
    X(current_schema, "current_schema", (), name, stable)                     \
    X(version, "version", (), text, stable)                                   \
    X(pg_client_encoding, "pg_client_encoding", (), name, stable)             \
    X(getdatabaseencoding, "getdatabaseencoding", (), name, stable)           \
    X(pg_typeof, "pg_typeof", (any), text, nonstrict | stable)                \
    X(gen_random_uuid, "gen_random_uuid", (), uuid, volatile_)                \
    X(num_nulls, "num_nulls", (any), int4, nonstrict | variadic)              \
    X(num_nonnulls, "num_nonnulls", (any), int4, nonstrict | variadic)

#define PHANTOMDB_BYTES_FUNCTIONS(X)                                          \
    X(text_md5, "md5", (text), text, 0)                                       \
    X(bytea_md5, "md5", (bytea), text, 0)                                     \
    X(sha224, "sha224", (bytea), bytea, 0)                                    \
    X(sha256, "sha256", (bytea), bytea, 0)                                    \
    X(sha384, "sha384", (bytea), bytea, 0)                                    \
    X(sha512, "sha512", (bytea), bytea, 0)                                    \
    X(encode, "encode", (bytea, text), text, 0)                               \
    X(decode, "decode", (text, text), bytea, 0)                               \
    X(get_byte, "get_byte", (bytea, int4), int4, 0)                           \
    X(set_byte, "set_byte", (bytea, int4, int4), bytea, 0)                    \
    X(get_bit, "get_bit", (bytea, int8), int4, 0)                             \
    X(set_bit, "set_bit", (bytea, int8, int4), bytea, 0)                      \
    X(bytea_bit_count, "bit_count", (bytea), int8, 0)                         \
    X(quote_ident, "quote_ident", (text), text, 0)                            \
    X(text_quote_literal, "quote_literal", (text), text, 0)                   \
    X(any_quote_literal, "quote_literal", (any), text, stable)                \
    X(text_quote_nullable, "quote_nullable", (text), text, nonstrict)         \
    X(any_quote_nullable, "quote_nullable", (any), text, nonstrict | stable)

#define PHANTOMDB_FORMAT_FUNCTIONS(X)                                         \
    X(format_alone, "format", (text), text, nonstrict | stable)               \
    X(format, "format", (text, any), text, nonstrict | variadic | stable)     \
    X(numeric_to_char, "to_char", (numeric, text), text, stable)              \
    X(int4_to_char, "to_char", (int4, text), text, stable)                    \
    X(int8_to_char, "to_char", (int8, text), text, stable)                    \
    X(float4_to_char, "to_char", (float4, text), text, stable)                \
    X(float8_to_char, "to_char", (float8, text), text, stable)                \
    X(timestamp_to_char, "to_char", (timestamp, text), text, stable)          \
    X(timestamptz_to_char, "to_char", (timestamptz, text), text, stable)      \
    X(interval_to_char, "to_char", (interval, text), text, stable)            \
    X(to_number, "to_number", (text, text), numeric, stable)                  \
    X(to_date_formatted, "to_date", (text, text), date, stable)               \
    X(to_timestamp_formatted, "to_timestamp", (text, text), timestamptz, stable)

/// Set-returning functions. Those of keys and values (json_each) give two columns: `key`, text, and `value`; phantomdb_check
/// gives `object`, text, and `problem`.
#define PHANTOMDB_ROW_FUNCTIONS(X)                                            \
    X(int4_series, "generate_series", (int4, int4), int4, returns_set)        \
    X(int4_series_step, "generate_series", (int4, int4, int4), int4, returns_set)\
    X(int8_series, "generate_series", (int8, int8), int8, returns_set)        \
    X(int8_series_step, "generate_series", (int8, int8, int8), int8, returns_set)\
    X(numeric_series, "generate_series", (numeric, numeric), numeric, returns_set)\
    X(numeric_series_step, "generate_series", (numeric, numeric, numeric), numeric, returns_set)\
    X(timestamp_series, "generate_series", (timestamp, timestamp, interval), timestamp, returns_set)\
    X(timestamptz_series, "generate_series", (timestamptz, timestamptz, interval), timestamptz, returns_set | stable)\
    X(json_array_elements, "json_array_elements", (json), json, returns_set)  \
    X(json_array_elements_text, "json_array_elements_text", (json), text, returns_set)\
    X(json_object_keys, "json_object_keys", (json), text, returns_set)        \
    X(json_each, "json_each", (json), json, returns_set)                      \
    X(json_each_text, "json_each_text", (json), text, returns_set)            \
    X(jsonb_array_elements, "jsonb_array_elements", (jsonb), jsonb, returns_set)\
    X(jsonb_array_elements_text, "jsonb_array_elements_text", (jsonb), text, returns_set)\
    X(jsonb_object_keys, "jsonb_object_keys", (jsonb), text, returns_set)     \
    X(jsonb_each, "jsonb_each", (jsonb), jsonb, returns_set)                  \
    X(jsonb_each_text, "jsonb_each_text", (jsonb), text, returns_set)         \
    X(string_to_table, "string_to_table", (text, text), text, returns_set | nonstrict)\
    X(string_to_table_null, "string_to_table", (text, text, text), text, returns_set | nonstrict)\
    X(regexp_split_to_table, "regexp_split_to_table", (text, text), text, returns_set)\
    X(regexp_split_to_table_flags, "regexp_split_to_table", (text, text, text), text, returns_set)\
    X(phantomdb_check, "phantomdb_check", (), text, returns_set | volatile_)

/// Every family in the order of `function_id`. `exec` keeps one table of kernels a family.
#define PHANTOMDB_FUNCTIONS(X)                                       \
    PHANTOMDB_COMPARISON_FUNCTIONS(X)                                \
    PHANTOMDB_ARITHMETIC_FUNCTIONS(X)                                \
    PHANTOMDB_MATH_FUNCTIONS(X)                                      \
    PHANTOMDB_NUMERIC_MATH_FUNCTIONS(X)                              \
    PHANTOMDB_TEXT_FUNCTIONS(X)                                      \
    PHANTOMDB_PATTERN_FUNCTIONS(X)                                   \
    PHANTOMDB_REGEX_FUNCTIONS(X)                                     \
    PHANTOMDB_TEMPORAL_FUNCTIONS(X)                                  \
    PHANTOMDB_JSON_FUNCTIONS(X)                                      \
    PHANTOMDB_JSON_BUILD_FUNCTIONS(X)                                \
    PHANTOMDB_SESSION_FUNCTIONS(X)                                   \
    PHANTOMDB_BYTES_FUNCTIONS(X)                                     \
    PHANTOMDB_FORMAT_FUNCTIONS(X)                                    \
    PHANTOMDB_SYSTEM_FUNCTIONS(X)                                    \
    PHANTOMDB_ROW_FUNCTIONS(X)
