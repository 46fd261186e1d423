/// @file Defines the set-returning functions: series, and the parts of JSON and text as rows.
#pragma once

#include <phantomdb/exec/functions/arithmetic.hpp>
#include <phantomdb/exec/functions/json.hpp>
#include <phantomdb/exec/functions/regex.hpp>
#include <phantomdb/exec/functions/row_function.hpp>
#include <phantomdb/exec/system_services.hpp>
#include <phantomdb/value/format_settings.hpp>
#include <phantomdb/value/interval.hpp>

namespace phantomdb::exec::rows {

namespace detail {

inline bool emit_one(row_emitter const& emit, nullable_datum const& value) { return emit({&value, 1}); }
inline bool emit_text(row_emitter const& emit, functions::detail::maybe_text value) {
    return emit_one(emit, value ? nullable_datum{datum{*value}} : nullable_datum{});
}

[[noreturn]] inline void zero_step() { throw error(errc::invalid_parameter_value, "step size cannot equal zero"); }

template <bool Stepped>
void integer_series(call_context&, call_arguments const& in, row_emitter const& emit) {
    std::int64_t value = in[0].value.i, last = in[1].value.i, step = Stepped ? in[2].value.i : 1;
    if (step == 0) zero_step();
    while (step > 0 ? value <= last : value >= last) {
        if (!emit_one(emit, datum{value}) || __builtin_add_overflow(value, step, &value)) return;
    }
}

template <bool Stepped>
void numeric_series(call_context&, call_arguments const& in, row_emitter const& emit) {
    static constexpr char const* names[] = {"start", "stop", "step size"};
    for (std::size_t i = 0; i < (Stepped ? 3u : 2u); ++i) {
        if (in[i].value.n.is_finite()) continue;
        throw error(errc::invalid_parameter_value,
                    std::string(names[i]) + " value cannot be " + (in[i].value.n.is_nan() ? "NaN" : "infinity"));
    }
    numeric value = in[0].value.n, last = in[1].value.n, step = Stepped ? in[2].value.n : numeric::from(1);
    auto direction = compare(step, numeric{});
    if (direction == 0) zero_step();
    for (; direction > 0 ? compare(value, last) <= 0 : compare(value, last) >= 0; value = value + step) {
        if (!emit_one(emit, datum{value})) return;
    }
}

/// `Add` moves a point in time by the step.
template <class Add>
void time_series(call_arguments const& in, row_emitter const& emit, Add add) {
    interval step = in[2].value.v;
    auto direction = compare(step, interval{});
    if (direction == 0) zero_step();
    std::int64_t last = in[1].value.i;
    for (std::int64_t value = in[0].value.i; direction > 0 ? value <= last : value >= last; value = add(value, step)) {
        if (!emit_one(emit, datum{value})) return;
    }
}

template <class View>
View array_of(std::string_view value, char const* function) {
    View view(value);
    if (view.is_array()) return view;
    bool scalar = !view.is_object();
    throw error(
        errc::invalid_parameter_value,
        std::string("cannot ") + (std::is_same_v<View, json_slice>
                                      ? std::string("call ") + function + " on a " + (scalar ? "scalar" : "non-array")
                                      : std::string("extract elements from ") + (scalar ? "a scalar" : "an object")));
}

template <bool Text>
void document_elements(call_context& context, call_arguments const& in, row_emitter const& emit) {
    auto array = array_of<document_view>(in[0].value.t, "");
    for (std::size_t i = 0; i < array.size(); ++i) {
        auto element = array.element(i);
        bool more = Text ? emit_text(emit, functions::detail::as_text(context, element))
                         : emit_one(emit, datum{element.bytes()});
        if (!more) return;
    }
}
template <bool Text>
void json_elements(call_context& context, call_arguments const& in, row_emitter const& emit) {
    auto array = array_of<json_slice>(in[0].value.t, Text ? "json_array_elements_text" : "json_array_elements");
    array.each_element([&](json_slice element) {
        return Text ? emit_text(emit, functions::detail::as_text(context, element))
                    : emit_one(emit, datum{element.text()});
    });
}

[[noreturn]] inline void no_object(std::string const& function, bool is_array) {
    throw error(errc::invalid_parameter_value,
                "cannot call " + function + " on " + (is_array ? "an array" : "a scalar"));
}

/// Keys, or keys and values (`Text`: as text) of an object.
enum class parts : std::uint8_t { keys, members, members_as_text };

template <parts Which>
void document_members(call_context& context, call_arguments const& in, row_emitter const& emit) {
    document_view object(in[0].value.t);
    if (!object.is_object()) {
        if (Which == parts::keys) no_object("jsonb_object_keys", object.is_array());
        throw error(errc::invalid_parameter_value, Which == parts::members
                                                       ? "cannot call jsonb_each on a non-object"
                                                       : "cannot call jsonb_each_text on a non-object");
    }
    for (std::size_t i = 0; i < object.size(); ++i) {
        nullable_datum cells[2] = {datum{object.key(i)}, {}};
        if (Which == parts::members) cells[1] = datum{object.member(i).bytes()};
        if (Which == parts::members_as_text) {
            if (auto text = functions::detail::as_text(context, object.member(i))) cells[1] = datum{*text};
        }
        if (!emit({cells, Which == parts::keys ? 1u : 2u})) return;
    }
}
template <parts Which>
void json_members(call_context& context, call_arguments const& in, row_emitter const& emit) {
    json_slice object(in[0].value.t);
    if (!object.is_object()) {
        if (Which == parts::keys) no_object("json_object_keys", object.is_array());
        throw error(errc::invalid_parameter_value,
                    object.is_array() ? "cannot deconstruct an array as an object" : "cannot deconstruct a scalar");
    }
    bool more = true;
    object.each_member([&](json_slice key, json_slice member) {
        if (!more) return;
        nullable_datum cells[2] = {datum{context.memory.copy(key.decoded())}, {}};
        if (Which == parts::members) cells[1] = datum{member.text()};
        if (Which == parts::members_as_text) {
            if (auto text = functions::detail::as_text(context, member)) cells[1] = datum{*text};
        }
        more = emit({cells, Which == parts::keys ? 1u : 2u});
    });
}

}  // namespace detail

inline constexpr row_function int4_series = &detail::integer_series<false>,
                              int4_series_step = &detail::integer_series<true>;
inline constexpr row_function int8_series = int4_series, int8_series_step = int4_series_step;
inline constexpr row_function numeric_series = &detail::numeric_series<false>,
                              numeric_series_step = &detail::numeric_series<true>;
inline void timestamp_series(call_context&, call_arguments const& in, row_emitter const& emit) {
    detail::time_series(in, emit, &add_to_timestamp);
}
inline void timestamptz_series(call_context& context, call_arguments const& in, row_emitter const& emit) {
    detail::time_series(in, emit, [&](std::int64_t instant, interval step) {
        return add_to_timestamptz(instant, step, *context.settings.zone);
    });
}
inline constexpr row_function jsonb_array_elements = &detail::document_elements<false>,
                              jsonb_array_elements_text = &detail::document_elements<true>,
                              json_array_elements = &detail::json_elements<false>,
                              json_array_elements_text = &detail::json_elements<true>,
                              jsonb_object_keys = &detail::document_members<detail::parts::keys>,
                              jsonb_each = &detail::document_members<detail::parts::members>,
                              jsonb_each_text = &detail::document_members<detail::parts::members_as_text>,
                              json_object_keys = &detail::json_members<detail::parts::keys>,
                              json_each = &detail::json_members<detail::parts::members>,
                              json_each_text = &detail::json_members<detail::parts::members_as_text>;

/// The parts of a text between delimiters; without a delimiter (NULL) its characters. `null_text` stands for NULL.
inline void string_to_table_null(call_context&, call_arguments const& in, row_emitter const& emit) {
    if (in[0].null || in[0].value.t.empty()) return;
    std::string_view rest = in[0].value.t;
    auto part = [&](std::string_view text) {
        bool null = in.size() > 2 && !in[2].null && text == in[2].value.t;
        return detail::emit_one(emit, null ? nullable_datum{} : nullable_datum{datum{text}});
    };
    if (in[1].null) {
        while (!rest.empty()) {
            std::size_t size = phantomdb::character_size(rest[0]);
            if (!part(rest.substr(0, size))) return;
            rest.remove_prefix(size);
        }
        return;
    }
    std::string_view delimiter = in[1].value.t;
    for (;;) {
        std::size_t found = delimiter.empty() ? rest.npos : rest.find(delimiter);
        if (!part(rest.substr(0, found)) || found == rest.npos) return;
        rest.remove_prefix(found + delimiter.size());
    }
}
inline constexpr row_function string_to_table = &string_to_table_null;

/// The parts of a text between matches. Empty matches split between characters, but not at the ends.
inline void regexp_split_to_table_flags(call_context&, call_arguments const& in, row_emitter const& emit) {
    auto options = functions::detail::options_at(in, 2, "regexp_split_to_table()");
    auto program = compile_regex(in[1].value.t, options);
    std::string_view text = in[0].value.t;
    regex_program::subject subject(text);
    std::size_t begin = 0;
    bool more = true;
    program->each_match(subject, 0, [&](regex_program::match const& found) {
        auto whole = found.groups[0];
        bool empty = whole.first == whole.last;
        if (empty && (whole.first == text.size() || whole.last == begin)) return true;
        more = detail::emit_one(emit, datum{text.substr(begin, whole.first - begin)});
        begin = whole.last;
        return more;
    });
    if (more) detail::emit_one(emit, datum{text.substr(begin)});
}
inline constexpr row_function regexp_split_to_table = &regexp_split_to_table_flags;

/// What is wrong with the files, tables and indexes of the data directory; no row where all is well.
inline void phantomdb_check(call_context& context, call_arguments const&, row_emitter const& emit) {
    if (!context.services) {
        throw error(errc::feature_not_supported, "function phantomdb_check needs a SQL session to run in");
    }
    context.services->check_database(context, emit);
}

}  // namespace phantomdb::exec::rows
