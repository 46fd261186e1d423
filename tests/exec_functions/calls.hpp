/// @file Calls of SQL functions through their kernels, with arguments and results as text.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/query/function_resolution.hpp>
#include <phantomdb/value/text_io.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace phantomdb::test {

/// What a call gave: text, NULL, or an error.
struct outcome {
    std::optional<std::string> text;
    std::string sqlstate{}, message{}, detail{}, hint{};

    friend bool operator==(outcome const& a, outcome const& b) { return a.text == b.text && a.sqlstate == b.sqlstate; }
};

inline std::string shown(outcome const& o) {
    if (!o.sqlstate.empty())
        return "error " + o.sqlstate + " " + o.message + (o.detail.empty() ? "" : " | " + o.detail);
    return o.text ? "'" + *o.text + "'" : "NULL";
}

/// One argument: its type and its text, or NULL.
struct argument {
    type_id type;
    std::optional<std::string> text;
};

/// A session to call functions in.
class caller {
public:
    format_settings settings;
    exec::session_facts session;
    exec::random_stream random{42};
    std::function<std::int64_t()> clock = [] { return std::int64_t{0}; };

    exec::call_context context() { return {memory_, settings, session, random, clock, settings.now, settings.now}; }

    /// Runs the kernel over a vector of three rows, of which the second is selected.
    outcome call(function_id id, std::vector<argument> const& arguments, type_id result) {
        memory_.reset();
        auto surroundings = context();
        try {
            std::vector<std::array<datum, 3>> values(arguments.size());
            std::vector<std::array<std::uint8_t, 3>> nulls(arguments.size());
            std::vector<exec::kernel_input> inputs;
            for (std::size_t i = 0; i < arguments.size(); ++i) {
                sql_type type{arguments[i].type, -1};
                if (arguments[i].text) values[i][1] = parse_text(type, *arguments[i].text, memory_, settings);
                nulls[i] = {1, !arguments[i].text, 1};
                inputs.push_back({values[i].data(), nulls[i].data(), 1, type});
            }
            std::uint16_t const selection[] = {1};
            datum results[3];
            std::uint8_t result_nulls[3] = {2, 2, 2};
            exec::kernel_of(id)(surroundings, {inputs, selection, 1, results, result_nulls, {result, -1}});
            if (result_nulls[0] != 2 || result_nulls[2] != 2 || result_nulls[1] > 1)
                return {"wrote beyond the selection"};
            if (result_nulls[1]) return {std::nullopt};
            return {to_text({result, -1}, results[1], settings)};
        } catch (error const& problem) {
            return {std::nullopt, std::string(problem.code.view()), problem.message, problem.detail, problem.hint};
        }
    }

    /// The same, found by name and types; arguments must have the types of the function's signature.
    outcome call(std::string_view name, std::vector<argument> const& arguments, bool is_operator = false) {
        std::vector<type_id> types;
        for (auto const& a : arguments) types.push_back(a.type);
        auto found = query::resolve(name, types, is_operator);
        if (!found) return {std::nullopt, "42883", "not found"};
        std::vector<argument> cast;
        for (auto const& a : arguments) cast.push_back({found.target(cast.size(), a.type), a.text});
        return call(found.id, cast, signature_of(found.id).result);
    }

private:
    arena memory_;
};

}  // namespace phantomdb::test
