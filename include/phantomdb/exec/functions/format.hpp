/// @file Defines the functions that print and read by templates: format, to_char, to_number, to_date, to_timestamp.
#pragma once

#include <phantomdb/exec/functions/bytes.hpp>
#include <phantomdb/exec/functions/date_format.hpp>
#include <phantomdb/exec/functions/date_reading.hpp>
#include <phantomdb/exec/functions/number_format.hpp>

namespace phantomdb::exec::functions {

namespace detail {

/// `format`: a template with %s, %I and %L in it, widths and positions as in printf.
class format_printer {
public:
    format_printer(call_context& context, call_arguments const& in)
        : context_(context), in_(in), form_(in[0].value.t) {}

    std::string print() {
        while (at_ < form_.size()) {
            if (form_[at_] != '%') {
                out_ += form_[at_++];
                continue;
            }
            if (++at_ < form_.size() && form_[at_] == '%') {
                out_ += form_[at_++];
                continue;
            }
            conversion();
        }
        check_length(out_.size());
        return std::move(out_);
    }

private:
    [[noreturn]] static void fail(std::string message) {
        throw error(errc::invalid_parameter_value, std::move(message));
    }

    char current() const {
        if (at_ < form_.size()) return form_[at_];
        throw error(errc::invalid_parameter_value, "unterminated format() type specifier")
            .with_hint("For a single \"%\" use \"%%\".");
    }
    bool digits(std::int64_t& value) {
        bool some = false;
        for (value = 0; phantomdb::detail::is_digit(current()); ++at_, some = true) {
            value = value * 10 + (form_[at_] - '0');
            if (value > std::numeric_limits<std::int32_t>::max()) {
                throw error(errc::numeric_value_out_of_range, "number is out of range");
            }
        }
        return some;
    }
    nullable_datum const& argument(std::int64_t position) {
        if (position == 0) fail("format specifies argument 0, but arguments are numbered from 1");
        auto index = position > 0 ? static_cast<std::size_t>(position) : ++last_;
        if (position > 0) last_ = index;
        if (index >= in_.size()) fail("too few arguments for format()");
        return in_[index];
    }

    void conversion() {
        std::int64_t position = -1, number = 0, width = 0;
        bool left = false, has_width = false;
        if (digits(number)) {
            if (current() == '$') {
                position = number;
                if (position == 0) fail("format specifies argument 0, but arguments are numbered from 1");
                ++at_;
            } else {
                width = number;
                has_width = true;
            }
        }
        if (!has_width) {
            for (; current() == '-'; ++at_) left = true;
            if (current() == '*') {
                ++at_;
                std::int64_t from = -1;
                if (digits(number)) {
                    from = number;
                    if (current() != '$') fail("width argument position must be ended by \"$\"");
                    ++at_;
                }
                auto const& given = argument(from);
                if (!given.null) {
                    auto type = in_.type(last_);
                    width = is_integer(type.id) ? given.value.i
                                                : parse_text({type_id::int4, -1}, output(context_, type, given.value),
                                                             context_.memory, context_.settings)
                                                      .i;
                }
                if (width < 0) left = true, width = -width;
            } else {
                digits(width);
            }
        }
        char kind = current();
        if (kind != 's' && kind != 'I' && kind != 'L') {
            throw error(errc::invalid_parameter_value, "unrecognized format() type specifier \"" +
                                                           std::string(form_.substr(at_, character_size(kind))) + "\"")
                .with_hint("For a single \"%\" use \"%%\".");
        }
        ++at_;
        auto const& value = argument(position);
        std::string text;
        if (value.null) {
            if (kind == 'I') {
                throw error(errc::null_value_not_allowed, "null values cannot be formatted as an SQL identifier");
            }
            if (kind == 'L') text = "NULL";
        } else {
            std::string_view plain = output(context_, in_.type(last_), value.value);
            text = kind == 's' ? std::string(plain) : kind == 'I' ? quoted_identifier(plain) : quoted_literal(plain);
        }
        auto length = static_cast<std::int64_t>(character_count(text));
        std::string blanks(length < width ? static_cast<std::size_t>(width - length) : 0, ' ');
        out_ += left ? text + blanks : blanks + text;
    }

    call_context& context_;
    call_arguments const& in_;
    std::string_view form_;
    std::string out_;
    std::size_t at_ = 0, last_ = 0;
};

}  // namespace detail

inline std::optional<std::string_view> format(call_context& context, call_arguments const& in) {
    if (in[0].null) return std::nullopt;
    return context.memory.copy(detail::format_printer(context, in).print());
}
inline constexpr auto format_alone = &format;

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_FORMAT_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
