/// @file Defines the list of aggregate functions; rows as in `query/function_list.hpp`.
#pragma once

// clang-format off

#define PHANTOMDB_SUM_AND_AVERAGE(X, type, sum_type, average_type)            \
    X(sum_##type, "sum", (type), sum_type, 0)                                 \
    X(avg_##type, "avg", (type), average_type, 0)

#define PHANTOMDB_EXTREMES(X, type)                                           \
    X(min_##type, "min", (type), type, 0)                                     \
    X(max_##type, "max", (type), type, 0)

#define PHANTOMDB_SPREAD(X, type, result)                                     \
    X(stddev_##type, "stddev", (type), result, 0)                             \
    X(stddev_samp_##type, "stddev_samp", (type), result, 0)                   \
    X(stddev_pop_##type, "stddev_pop", (type), result, 0)                     \
    X(variance_##type, "variance", (type), result, 0)                         \
    X(var_samp_##type, "var_samp", (type), result, 0)                         \
    X(var_pop_##type, "var_pop", (type), result, 0)

#define PHANTOMDB_BITS(X, type)                                               \
    X(bit_and_##type, "bit_and", (type), type, 0)                             \
    X(bit_or_##type, "bit_or", (type), type, 0)                               \
    X(bit_xor_##type, "bit_xor", (type), type, 0)

#define PHANTOMDB_NUMERIC_AGGREGATES(X)                                       \
    X(count_all, "count", (), int8, 0)                                        \
    X(count_any, "count", (any), int8, nonstrict)                             \
    PHANTOMDB_SUM_AND_AVERAGE(X, int2, int8, numeric)                         \
    PHANTOMDB_SUM_AND_AVERAGE(X, int4, int8, numeric)                         \
    PHANTOMDB_SUM_AND_AVERAGE(X, int8, numeric, numeric)                      \
    PHANTOMDB_SUM_AND_AVERAGE(X, numeric, numeric, numeric)                   \
    PHANTOMDB_SUM_AND_AVERAGE(X, float4, float4, float8)                      \
    PHANTOMDB_SUM_AND_AVERAGE(X, float8, float8, float8)                      \
    PHANTOMDB_SUM_AND_AVERAGE(X, interval, interval, interval)                \
    PHANTOMDB_SPREAD(X, int2, numeric)                                        \
    PHANTOMDB_SPREAD(X, int4, numeric)                                        \
    PHANTOMDB_SPREAD(X, int8, numeric)                                        \
    PHANTOMDB_SPREAD(X, numeric, numeric)                                     \
    PHANTOMDB_SPREAD(X, float4, float8)                                       \
    PHANTOMDB_SPREAD(X, float8, float8)                                       \
    PHANTOMDB_BITS(X, int2)                                                   \
    PHANTOMDB_BITS(X, int4)                                                   \
    PHANTOMDB_BITS(X, int8)                                                   \
    X(bool_and, "bool_and", (boolean), boolean, 0)                            \
    X(bool_or, "bool_or", (boolean), boolean, 0)                              \
    X(every, "every", (boolean), boolean, 0)                                  \
    X(corr, "corr", (float8, float8), float8, 0)\
    X(covar_pop, "covar_pop", (float8, float8), float8, 0)\
    X(covar_samp, "covar_samp", (float8, float8), float8, 0)\
    X(regr_count, "regr_count", (float8, float8), int8, 0)\
    X(regr_avgx, "regr_avgx", (float8, float8), float8, 0)\
    X(regr_avgy, "regr_avgy", (float8, float8), float8, 0)\
    X(regr_sxx, "regr_sxx", (float8, float8), float8, 0)\
    X(regr_syy, "regr_syy", (float8, float8), float8, 0)\
    X(regr_sxy, "regr_sxy", (float8, float8), float8, 0)\
    X(regr_slope, "regr_slope", (float8, float8), float8, 0)\
    X(regr_intercept, "regr_intercept", (float8, float8), float8, 0)\
    X(regr_r2, "regr_r2", (float8, float8), float8, 0)

#define PHANTOMDB_EXTREME_AGGREGATES(X)                                       \
    PHANTOMDB_EXTREMES(X, int2)                                               \
    PHANTOMDB_EXTREMES(X, int4)                                               \
    PHANTOMDB_EXTREMES(X, int8)                                               \
    PHANTOMDB_EXTREMES(X, numeric)                                            \
    PHANTOMDB_EXTREMES(X, float4)                                             \
    PHANTOMDB_EXTREMES(X, float8)                                             \
    PHANTOMDB_EXTREMES(X, text)                                               \
    PHANTOMDB_EXTREMES(X, bpchar)                                             \
    PHANTOMDB_EXTREMES(X, date)                                               \
    PHANTOMDB_EXTREMES(X, time)                                               \
    PHANTOMDB_EXTREMES(X, timestamp)                                          \
    PHANTOMDB_EXTREMES(X, timestamptz)                                        \
    PHANTOMDB_EXTREMES(X, interval)                                           \
    PHANTOMDB_EXTREMES(X, oid)

#define PHANTOMDB_COLLECTING_AGGREGATES(X)                                    \
    X(string_agg_text, "string_agg", (text, text), text, nonstrict)           \
    X(string_agg_bytea, "string_agg", (bytea, bytea), bytea, nonstrict)       \
    X(json_agg, "json_agg", (any), json, nonstrict | stable)                  \
    X(jsonb_agg, "jsonb_agg", (any), jsonb, nonstrict | stable)               \
    X(json_object_agg, "json_object_agg", (any, any), json, nonstrict | stable) \
    X(jsonb_object_agg, "jsonb_object_agg", (any, any), jsonb, nonstrict | stable)

/// Every family in the order of `aggregate_id`.
#define PHANTOMDB_AGGREGATES(X)                                               \
    PHANTOMDB_NUMERIC_AGGREGATES(X)                                           \
    PHANTOMDB_EXTREME_AGGREGATES(X)                                           \
    PHANTOMDB_COLLECTING_AGGREGATES(X)
