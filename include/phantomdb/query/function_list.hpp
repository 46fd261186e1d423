/// @file Defines the lists of scalar functions and operators, one X-macro a family.
///
/// A row is `X(enumerator, "SQL name", (argument types), result type, flags)`; `query/function.hpp` says what the flags
/// mean. The enumerator is also the name of the C++ function in `exec/functions/<family>.hpp` that does the work.
/// Rows that differ in types only are made by the small macros above the lists.
#pragma once

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

#define PHANTOMDB_TEXT_FUNCTIONS(X)                                  \
    X(text_concat, "||", (text, text), text, op)                     \
    X(text_any_concat, "||", (text, anynonarray), text, op | stable) \
    X(any_text_concat, "||", (anynonarray, text), text, op | stable) \
    X(bytea_concat, "||", (bytea, bytea), bytea, op)                 \
    X(text_like, "~~", (text, text), boolean, op)                    \
    X(text_not_like, "!~~", (text, text), boolean, op)               \
    X(text_ilike, "~~*", (text, text), boolean, op)                  \
    X(text_not_ilike, "!~~*", (text, text), boolean, op)             \
    X(bpchar_like, "~~", (bpchar, text), boolean, op)                \
    X(bpchar_not_like, "!~~", (bpchar, text), boolean, op)           \
    X(bpchar_ilike, "~~*", (bpchar, text), boolean, op)              \
    X(bpchar_not_ilike, "!~~*", (bpchar, text), boolean, op)         \
    X(like_escape, "like_escape", (text, text), text, 0)             \
    X(lower, "lower", (text), text, 0)                               \
    X(upper, "upper", (text), text, 0)                               \
    X(text_length, "length", (text), int4, 0)                        \
    X(bpchar_length, "length", (bpchar), int4, 0)                    \
    X(bytea_length, "length", (bytea), int4, 0)

/// Every family in the order of `function_id`. `exec` keeps one table of kernels a family.
#define PHANTOMDB_FUNCTIONS(X)                                       \
    PHANTOMDB_COMPARISON_FUNCTIONS(X)                                \
    PHANTOMDB_ARITHMETIC_FUNCTIONS(X)                                \
    PHANTOMDB_TEXT_FUNCTIONS(X)
