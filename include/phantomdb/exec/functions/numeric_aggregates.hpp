/// @file Defines the aggregates that compute: count, sum, avg, the spreads, bit and boolean folds, regression.
#pragma once

#include <phantomdb/exec/functions/aggregate.hpp>
#include <phantomdb/exec/functions/arithmetic.hpp>
#include <phantomdb/value/interval.hpp>
#include <phantomdb/value/numeric_text.hpp>

#include <cmath>
#include <concepts>

namespace phantomdb::exec {
namespace detail {

enum class spread : std::uint8_t { var_samp, var_pop, stddev_samp, stddev_pop };

constexpr bool is_sample(spread kind) { return kind == spread::var_samp || kind == spread::stddev_samp; }
constexpr bool is_root(spread kind) { return kind == spread::stddev_samp || kind == spread::stddev_pop; }

/// Sum and count of integers. 128 bits: no count of int8 values overflows them. Values are added shifted to 0 … 2^64, which
/// takes an instruction less than extending their sign.
struct integer_total {
    __extension__ using uint128 = unsigned __int128;
    struct state {
        uint128 shifted = 0;  // the sum + count × 2^63
        std::int64_t count = 0;

        int128 sum() const { return static_cast<int128>(shifted - (static_cast<uint128>(count) << 63)); }
    };
    static void add(state& s, std::int64_t value) { s.shifted += shift(value), ++s.count; }
    static void add_if(bool keep, state& s, std::int64_t value) {
        std::int64_t const kept = keep;
        s.shifted += static_cast<std::uint64_t>(kept) * shift(value);
        s.count += kept;
    }
    static void merge(state& into, state const& from) { into.shifted += from.shifted, into.count += from.count; }

private:
    static std::uint64_t shift(std::int64_t value) {
        return static_cast<std::uint64_t>(value) ^ std::uint64_t{1} << 63;
    }
};

inline numeric numeric_from(int128 value) { return phantomdb::detail::fit(value, 0); }

/// Sum of integers of at most 32 bits: 64 bits hold 2^32 of them, and are carried over before that.
struct small_integer_sum {
    struct state {
        std::int64_t low = 0, count = 0;
        int128 high = 0;

        int128 sum() const { return high + low; }
    };
    static void add(state& s, std::int64_t value) {
        s.low += value;
        ++s.count;
        carry(s);
    }
    static void add_if(bool keep, state& s, std::int64_t value) {
        std::int64_t const kept = keep;
        s.low += kept * value;
        s.count += kept;
    }
    static void settle(state& s) {
        s.high += s.low;
        s.low = 0;
    }
    static void merge(state& into, state const& from) {
        into.high += from.high + into.low + from.low;
        into.low = 0;
        into.count += from.count;
    }
    static std::optional<std::int64_t> finish(state const& s) {
        if (s.count == 0) return std::nullopt;
        auto const sum = static_cast<std::int64_t>(s.sum());
        if (sum != s.sum()) functions::detail::integer_out_of_range<std::int64_t>();
        return sum;
    }

private:
    static void carry(state& s) {
        if ((s.count & 0x7fff'ffff) != 0) [[likely]]
            return;
        __asm__ volatile("");  // so that this stays a jump, and does not become arithmetic for every row
        settle(s);
    }
};
struct big_integer_sum : integer_total {
    static std::optional<numeric> finish(state const& s) {
        return s.count == 0 ? std::optional<numeric>{} : numeric_from(s.sum());
    }
};
struct integer_average : integer_total {
    static std::optional<numeric> finish(state const& s) {
        return s.count == 0 ? std::optional<numeric>{} : numeric_from(s.sum()) / to_numeric(s.count);
    }
};

struct numeric_total {
    struct state {
        numeric sum;
        std::int64_t count = 0;
    };
    static void add(state& s, numeric value) { s.sum = s.sum + value, ++s.count; }
    static void merge(state& into, state const& from) { into.sum = into.sum + from.sum, into.count += from.count; }
};
struct numeric_sum : numeric_total {
    static std::optional<numeric> finish(state const& s) { return s.count ? std::optional{s.sum} : std::nullopt; }
};
struct numeric_average : numeric_total {
    static std::optional<numeric> finish(state const& s) {
        return s.count ? std::optional{s.sum / to_numeric(s.count)} : std::nullopt;
    }
};

template <class Float>
struct float_sum {
    struct state {
        double sum = 0;
        bool some = false;
    };
    static void add(state& s, double value) {
        s.sum = s.some ? functions::detail::floats<Float>::add(s.sum, value) : value;
        s.some = true;
    }
    static void merge(state& into, state const& from) {
        if (from.some) add(into, from.sum);
    }
    static std::optional<double> finish(state const& s) { return s.some ? std::optional{s.sum} : std::nullopt; }
};

struct interval_total {
    struct state {
        interval sum;
        std::int64_t count = 0;
    };
    static void add(state& s, interval value) { s.sum = s.sum + value, ++s.count; }
    static void merge(state& into, state const& from) { into.sum = into.sum + from.sum, into.count += from.count; }
};
struct interval_sum : interval_total {
    static std::optional<interval> finish(state const& s) { return s.count ? std::optional{s.sum} : std::nullopt; }
};
struct interval_average : interval_total {
    static std::optional<interval> finish(state const& s) {
        return s.count ? std::optional{s.sum / static_cast<double>(s.count)} : std::nullopt;
    }
};

/// Count, sum and sum of squared deviations of doubles, kept by the method of Youngs and Cramer.
struct float_moments {
    struct state {
        double count = 0, sum = 0, squares = 0;
    };
    static void add(state& s, double value) {
        double old_sum = s.sum;
        s.count += 1;
        s.sum += value;
        if (s.count > 1) {
            double deviation = value * s.count - s.sum;
            s.squares += deviation * deviation / (s.count * (s.count - 1));
            if (std::isinf(s.sum) || std::isinf(s.squares)) {
                if (!std::isinf(old_sum) && !std::isinf(value)) functions::detail::float_overflow();
                s.squares = std::nan("");
            }
        } else if (!std::isfinite(value)) {
            s.squares = std::nan("");
        }
    }
    static void merge(state& into, state const& from) {
        if (from.count == 0) return;
        if (into.count == 0) {
            into = from;
            return;
        }
        double gap = into.sum / into.count - from.sum / from.count;
        double count = into.count + from.count;
        into.squares += from.squares + into.count * from.count * gap * gap / count;
        into.sum += from.sum;
        into.count = count;
        if (std::isinf(into.sum)) into.squares = std::nan("");
    }
};
struct float_average : float_moments {
    static std::optional<double> finish(state const& s) {
        return s.count > 0 ? std::optional{s.sum / s.count} : std::nullopt;
    }
};
template <spread Kind>
struct float_spread : float_moments {
    static std::optional<double> finish(state const& s) {
        double divisor = s.count - is_sample(Kind);
        if (divisor <= 0) return std::nullopt;
        double variance = s.squares / divisor;
        return is_root(Kind) ? std::sqrt(variance) : variance;
    }
};

/// Spread of exact numbers: (N Σx² - (Σx)²) / (N (N-1)), computed exactly while 120 bits allow.
/// Where they don't, the moments kept beside as doubles answer with fifteen digits.
template <spread Kind>
struct exact_spread {
    struct state {
        numeric sum, squares;
        std::int64_t count = 0;
        bool exact = true;
        float_moments::state rough;
    };
    static void add(state& s, numeric value) {
        ++s.count;
        float_moments::add(s.rough, to_double(value));
        widen(s, value, [&] { return value * value; });
    }
    static void merge(state& into, state const& from) {
        into.count += from.count;
        into.exact = into.exact && from.exact;
        float_moments::merge(into.rough, from.rough);
        widen(into, from.sum, [&] { return from.squares; });
    }
    static std::optional<numeric> finish(state const& s) {
        if (s.count <= is_sample(Kind)) return std::nullopt;
        if (!s.sum.is_finite()) return numeric_nan;
        auto rough = [&] { return to_numeric(*float_spread<Kind>::finish(s.rough)); };
        if (!s.exact) return rough();
        try {
            numeric count = to_numeric(s.count);
            numeric numerator = count * s.squares - s.sum * s.sum;
            if (compare(numerator, numeric{}) <= 0) return numeric{};
            numeric divisor = count * to_numeric(s.count - is_sample(Kind));
            numeric variance = numerator / divisor;
            return is_root(Kind) ? phantomdb::round(phantomdb::sqrt(variance), division_scale(numerator, divisor))
                                 : variance;
        } catch (error const&) {
            return rough();
        }
    }

private:
    template <class Square>
    static void widen(state& s, numeric value, Square square) {
        if (!s.exact) return;
        try {
            s.sum = s.sum + value;
            s.squares = s.squares + square();
        } catch (error const&) {
            s.exact = false;
        }
    }
};
template <spread Kind>
struct integer_spread : exact_spread<Kind> {
    static void add(typename exact_spread<Kind>::state& s, std::int64_t value) {
        exact_spread<Kind>::add(s, to_numeric(value));
    }
};

/// Folds values with `Fold`; NULL without any.
template <class Value, auto Fold>
struct folding {
    struct state {
        Value value{};
        bool some = false;
    };
    static void add(state& s, Value value) {
        s.value = s.some ? Fold(s.value, value) : value;
        s.some = true;
    }
    static void merge(state& into, state const& from) {
        if (from.some) add(into, from.value);
    }
    static std::optional<Value> finish(state const& s) { return s.some ? std::optional{s.value} : std::nullopt; }
};
inline bool both(bool a, bool b) { return a && b; }
inline bool either(bool a, bool b) { return a || b; }
using bits_and = folding<std::int64_t, functions::int8_and>;
using bits_or = folding<std::int64_t, functions::int8_or>;
using bits_xor = folding<std::int64_t, functions::int8_xor>;
using all_true = folding<bool, both>;
using some_true = folding<bool, either>;

struct counting {
    struct state {
        std::int64_t count = 0;
    };
    static void merge(state& into, state const& from) { into.count += from.count; }
    static std::int64_t finish(state const& s) { return s.count; }
};

/// Count, sums and summed products of deviations of pairs (y, x), for the regression functions.
struct pair_moments {
    struct state {
        double count = 0, sum_x = 0, sum_y = 0, xx = 0, yy = 0, xy = 0;
    };
    static void add(state& s, double y, double x) {
        s.count += 1;
        s.sum_x += x;
        s.sum_y += y;
        if (s.count > 1) {
            double dx = x * s.count - s.sum_x, dy = y * s.count - s.sum_y, scale = 1 / (s.count * (s.count - 1));
            s.xx += dx * dx * scale;
            s.yy += dy * dy * scale;
            s.xy += dx * dy * scale;
        } else if (!std::isfinite(x) || !std::isfinite(y)) {
            if (!std::isfinite(x)) s.xx = s.xy = std::nan("");
            if (!std::isfinite(y)) s.yy = s.xy = std::nan("");
        }
    }
    static void merge(state& into, state const& from) {
        if (from.count == 0) return;
        if (into.count == 0) {
            into = from;
            return;
        }
        double gap_x = into.sum_x / into.count - from.sum_x / from.count;
        double gap_y = into.sum_y / into.count - from.sum_y / from.count;
        double weight = into.count * from.count / (into.count + from.count);
        into.xx += from.xx + weight * gap_x * gap_x;
        into.yy += from.yy + weight * gap_y * gap_y;
        into.xy += from.xy + weight * gap_x * gap_y;
        into.sum_x += from.sum_x;
        into.sum_y += from.sum_y;
        into.count += from.count;
    }
};
}  // namespace detail

template <>
struct aggregate<aggregate_id::count_all> : detail::counting {
    static void add(state& s) { ++s.count; }
    static void add_if(bool keep, state& s) { s.count += keep; }
};
template <>
struct aggregate<aggregate_id::count_any> : detail::counting {
    static void add(state& s, nullable_datum const& value) { s.count += !value.null; }
    static void add_if(bool keep, state& s, nullable_datum const& value) { s.count += keep & !value.null; }
};

/// Ties an entry of the aggregate list to the struct that computes it.
#define PHANTOMDB_AGGREGATE(enumerator, ...) \
    template <> \
    struct aggregate<aggregate_id::enumerator> : __VA_ARGS__ {};

PHANTOMDB_AGGREGATE(sum_int2, detail::small_integer_sum)
PHANTOMDB_AGGREGATE(sum_int4, detail::small_integer_sum)
PHANTOMDB_AGGREGATE(sum_int8, detail::big_integer_sum)
PHANTOMDB_AGGREGATE(sum_numeric, detail::numeric_sum)
PHANTOMDB_AGGREGATE(sum_float4, detail::float_sum<float>)
PHANTOMDB_AGGREGATE(sum_float8, detail::float_sum<double>)
PHANTOMDB_AGGREGATE(sum_interval, detail::interval_sum)
PHANTOMDB_AGGREGATE(avg_int2, detail::integer_average)
PHANTOMDB_AGGREGATE(avg_int4, detail::integer_average)
PHANTOMDB_AGGREGATE(avg_int8, detail::integer_average)
PHANTOMDB_AGGREGATE(avg_numeric, detail::numeric_average)
PHANTOMDB_AGGREGATE(avg_float4, detail::float_average)
PHANTOMDB_AGGREGATE(avg_float8, detail::float_average)
PHANTOMDB_AGGREGATE(avg_interval, detail::interval_average)

#define PHANTOMDB_SPREADS(type, computed) \
    PHANTOMDB_AGGREGATE(variance_##type, detail::computed<detail::spread::var_samp>) \
    PHANTOMDB_AGGREGATE(var_samp_##type, detail::computed<detail::spread::var_samp>) \
    PHANTOMDB_AGGREGATE(var_pop_##type, detail::computed<detail::spread::var_pop>) \
    PHANTOMDB_AGGREGATE(stddev_##type, detail::computed<detail::spread::stddev_samp>) \
    PHANTOMDB_AGGREGATE(stddev_samp_##type, detail::computed<detail::spread::stddev_samp>) \
    PHANTOMDB_AGGREGATE(stddev_pop_##type, detail::computed<detail::spread::stddev_pop>)
PHANTOMDB_SPREADS(int2, integer_spread)
PHANTOMDB_SPREADS(int4, integer_spread)
PHANTOMDB_SPREADS(int8, integer_spread)
PHANTOMDB_SPREADS(numeric, exact_spread)
PHANTOMDB_SPREADS(float4, float_spread)
PHANTOMDB_SPREADS(float8, float_spread)
#undef PHANTOMDB_SPREADS

#define PHANTOMDB_BIT_FOLDS(type) \
    PHANTOMDB_AGGREGATE(bit_and_##type, detail::bits_and) \
    PHANTOMDB_AGGREGATE(bit_or_##type, detail::bits_or) \
    PHANTOMDB_AGGREGATE(bit_xor_##type, detail::bits_xor)
PHANTOMDB_BIT_FOLDS(int2)
PHANTOMDB_BIT_FOLDS(int4)
PHANTOMDB_BIT_FOLDS(int8)
#undef PHANTOMDB_BIT_FOLDS

PHANTOMDB_AGGREGATE(bool_and, detail::all_true)
PHANTOMDB_AGGREGATE(every, detail::all_true)
PHANTOMDB_AGGREGATE(bool_or, detail::some_true)

#define PHANTOMDB_REGRESSION(name, is_null, formula) \
    template <> \
    struct aggregate<aggregate_id::name> : detail::pair_moments { \
        static std::optional<double> finish(state const& s) { \
            return is_null ? std::nullopt : std::optional<double>{formula}; \
        } \
    };
PHANTOMDB_REGRESSION(corr, s.count < 1 || s.xx == 0 || s.yy == 0, s.xy / std::sqrt(s.xx * s.yy))
PHANTOMDB_REGRESSION(covar_pop, s.count < 1, s.xy / s.count)
PHANTOMDB_REGRESSION(covar_samp, s.count < 2, s.xy / (s.count - 1))
PHANTOMDB_REGRESSION(regr_avgx, s.count < 1, s.sum_x / s.count)
PHANTOMDB_REGRESSION(regr_avgy, s.count < 1, s.sum_y / s.count)
PHANTOMDB_REGRESSION(regr_sxx, s.count < 1, s.xx)
PHANTOMDB_REGRESSION(regr_syy, s.count < 1, s.yy)
PHANTOMDB_REGRESSION(regr_sxy, s.count < 1, s.xy)
PHANTOMDB_REGRESSION(regr_slope, s.count < 1 || s.xx == 0, s.xy / s.xx)
PHANTOMDB_REGRESSION(regr_intercept, s.count < 1 || s.xx == 0, (s.sum_y - s.sum_x * s.xy / s.xx) / s.count)
PHANTOMDB_REGRESSION(regr_r2, s.count < 1 || s.xx == 0, s.yy == 0 ? 1.0 : (s.xy * s.xy) / (s.xx * s.yy))
#undef PHANTOMDB_REGRESSION

template <>
struct aggregate<aggregate_id::regr_count> : detail::counting {
    static void add(state& s, double, double) { ++s.count; }
};

}  // namespace phantomdb::exec
