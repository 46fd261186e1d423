/// @file Defines how arguments, `"min_age"_arg = 18`, meet the parameters of a query.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/query/typed_query.hpp>
#include <phantomdb/value/numeric.hpp>

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace phantomdb::query {

namespace detail {

/// Whether a C++ value of SQL type `given` can be the value of a parameter of type `wanted` without losing meaning.
constexpr bool fits_parameter(type_id given, type_id wanted) {
    using enum type_id;
    if (given == wanted || (is_integer(given) && is_integer(wanted))) return true;
    if (is_integer(given)) return wanted == numeric || wanted == float4 || wanted == float8;
    if (given == float4 || given == float8) return wanted == float4 || wanted == float8;
    return given == text && is_string(wanted);
}

struct given_argument {
    std::string_view name;
    type_id type = type_id::unknown;  ///< unknown for null
};

template <class T>
constexpr type_id argument_type() {
    if constexpr (std::is_same_v<T, std::nullopt_t>) {
        return type_id::unknown;
    } else {
        static_assert(is_storable<T>, "phantomdb: an argument has a type that no SQL type stands for");
        return sql_type_of<T>.id;
    }
}

/// What is wrong with these arguments for this query.
constexpr wording problem_of_arguments(query_view const& q, array_view<given_argument> given) {
    for (auto const& parameter : q.parameters) {
        std::string_view name = q.name(parameter.name), type = facts(parameter.type.id).name;
        given_argument const* found = nullptr;
        for (auto const& one : given) {
            if (one.name != name) continue;
            if (found != nullptr) return wording("phantomdb: argument `", name, "` is given twice");
            found = &one;
        }
        if (found == nullptr) return wording("phantomdb: the query needs an argument `", name, "` (", type, ")");
        if (found->type != type_id::unknown && !fits_parameter(found->type, parameter.type.id)) {
            return wording("phantomdb: argument `", name, "` is to be ", type, " and cannot be ",
                           facts(found->type).name);
        }
    }
    for (auto const& one : given) {
        bool known = false;
        for (auto const& parameter : q.parameters) known = known || q.name(parameter.name) == one.name;
        if (!known) return wording("phantomdb: the query has no parameter called `", one.name, "`");
    }
    return {};
}

template <class T>
nullable_datum argument_datum(T const& value, type_id wanted, std::string* memory) {
    if constexpr (std::is_same_v<T, std::nullopt_t>) {
        return {};
    } else if constexpr (is_optional<T>) {
        return value ? argument_datum(*value, wanted, memory) : nullable_datum{};
    } else {
        datum raw = column_type<T>::to_datum(value, memory);
        constexpr type_id given = sql_type_of<T>.id;
        if constexpr (is_integer(given)) {
            std::int64_t limit = wanted == type_id::int2   ? std::numeric_limits<std::int16_t>::max()
                                 : wanted == type_id::int4 ? std::numeric_limits<std::int32_t>::max()
                                                           : std::numeric_limits<std::int64_t>::max();
            if (raw.i > limit || raw.i < -limit - 1) {
                throw error(errc::numeric_value_out_of_range, std::string(facts(wanted).name) + " out of range");
            }
            if (wanted == type_id::numeric) return datum{to_numeric(raw.i)};
            if (physical_of(wanted) == physical::floating) return datum{static_cast<double>(raw.i)};
        }
        return raw;
    }
}

}  // namespace detail

/// The arguments of one run, in the order of the query's parameters. Borrows text from the bound arguments.
template <std::size_t Count>
struct argument_values {
    std::array<nullable_datum, Count> values{};
    std::array<std::string, Count> memory{};  // of encoded documents
};

/// The sentence about arguments for a query; empty where they are right.
template <auto const& Query, class... Arguments>
inline constexpr auto problem_of_arguments = make_sentence([] {
    std::array<detail::given_argument, sizeof...(Arguments)> given{
        detail::given_argument{Arguments::name, detail::argument_type<typename Arguments::type>()}...};
    return detail::problem_of_arguments(lowered<Query>.view(), given);
});

/// Puts arguments into the order of `q.parameters`. Throws 22003 where a number is out of a parameter's range.
template <std::size_t Count, class... Arguments>
argument_values<Count> order_arguments(query_view const& q, Arguments const&... arguments) {
    argument_values<Count> made;
    [[maybe_unused]] auto place = [&](auto const& argument) {
        for (std::size_t i = 0; i < q.parameters.size(); ++i) {
            if (q.name(q.parameters[i].name) != argument.name) continue;
            made.values[i] = detail::argument_datum(argument.value, q.parameters[i].type.id, &made.memory[i]);
        }
    };
    (place(arguments), ...);
    return made;
}

}  // namespace phantomdb::query
