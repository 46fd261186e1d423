/// @file Defines to_char for numbers and to_number: templates like 'FM9,999.00PR'.
///
/// A template is read into items once; printing walks over them with the digits of the number, already rounded to what
/// the template shows, at hand. The rules for blanks, signs and the decimal point are PostgreSQL's.
#pragma once

#include <phantomdb/exec/functions/arithmetic.hpp>
#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/numeric_text.hpp>
#include <phantomdb/value/utf8.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace phantomdb::exec::functions {

namespace detail {

class number_template {
public:
    explicit number_template(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) at += read_item(text, at);
    }

    bool is_roman() const { return roman_; }
    bool is_scientific() const { return scientific_; }
    bool fills() const { return !fill_mode_; }
    int digits_behind_point() const { return post_; }
    int shift() const { return multiply_; }
    void limit_digits_behind_point(int digits) { post_ = digits; }

    /// Prints a number given as digits with an optional point.
    std::string print(bool negative, std::string number) const {
        writer out(*this, negative, std::move(number));
        return out.write();
    }
    /// Digits before the point, those that V adds included.
    int digits_before_point() const { return pre_ + multiply_; }

    /// What stands for infinity and NaN in scientific notation.
    std::string unprintable() const {
        std::string out(static_cast<std::size_t>(pre_ + post_ + 6), '#');
        out[0] = ' ';
        out[static_cast<std::size_t>(pre_ + 1)] = '.';
        return out;
    }

    /// Collects the digits, sign and point of `text` as the template says where they are.
    std::string read_number(std::string_view text) const;

private:
    enum class item_kind : std::uint8_t {
        nine,
        zero,
        point,
        comma,
        group,
        currency,
        minus,
        plus,
        sign,
        ordinal,
        literal
    };
    struct item {
        item_kind kind;
        std::string_view text{};  // of a literal; of an ordinal its letters
    };
    enum class sign_place : std::uint8_t { none, front, behind };

    [[noreturn]] static void fail(char const* message) { throw error(errc::syntax_error, message); }

    /// Takes one item from the template; how long it is.
    std::size_t read_item(std::string_view text, std::size_t at) {
        auto is = [&](std::string_view word) {
            return text.size() - at >= word.size() && phantomdb::detail::is_word(text.substr(at, word.size()), word);
        };
        char c = phantomdb::detail::to_lower(text[at]);
        switch (c) {
            case '9':
                if (brackets_) fail("\"9\" must be ahead of \"PR\"");
                items_.push_back({item_kind::nine});
                if (multiplies_) ++multiply_;
                else ++(decimal_ ? post_ : pre_);
                return 1;
            case '0':
                if (brackets_) fail("\"0\" must be ahead of \"PR\"");
                if (!zero_ && !decimal_) {
                    zero_ = true;
                    zero_start_ = pre_;
                }
                items_.push_back({item_kind::zero});
                ++(decimal_ ? post_ : pre_);
                zero_end_ = pre_ + post_;
                return 1;
            case '.':
            case 'd':
                if (decimal_) fail("multiple decimal points");
                if (multiplies_) fail("cannot use \"V\" and decimal point together");
                decimal_ = true;
                items_.push_back({item_kind::point});
                return 1;
            case ',': items_.push_back({item_kind::comma}); return 1;
            case 'g': items_.push_back({item_kind::group}); return 1;
            case 'l': items_.push_back({item_kind::currency}); return 1;
            case 'b': return 1;
            case 'v':
                if (decimal_) fail("cannot use \"V\" and decimal point together");
                multiplies_ = true;
                return 1;
            case 'e':
                if (!is("eeee")) break;
                if (scientific_) fail("cannot use \"EEEE\" twice");
                scientific_ = true;
                return 4;
            case 'f':
                if (!is("fm")) break;
                fill_mode_ = true;
                return 2;
            case 'r':
                if (!is("rn")) break;
                roman_ = true;
                roman_lower_ = text[at] == 'r';
                return 2;
            case 'm':
                if (!is("mi")) break;
                if (signs_) fail("cannot use \"S\" and \"MI\" together");
                minus_ = true;
                items_.push_back({item_kind::minus});
                return 2;
            case 'p':
                if (is("pl")) {
                    if (signs_) fail("cannot use \"S\" and \"PL\" together");
                    plus_ = true;
                    items_.push_back({item_kind::plus});
                    return 2;
                }
                if (!is("pr")) break;
                if (signs_ || plus_ || minus_) fail("cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
                brackets_ = true;
                return 2;
            case 's':
                if (is("sg")) {
                    if (signs_) fail("cannot use \"S\" and \"SG\" together");
                    minus_ = plus_ = true;
                    items_.push_back({item_kind::sign});
                    return 2;
                }
                if (signs_) fail("cannot use \"S\" twice");
                if (plus_ || minus_ || brackets_) fail("cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
                signs_ = true;
                sign_place_ = decimal_ ? sign_place::behind : sign_place::front;
                digits_before_sign_ = pre_;
                return 1;
            case 't':
                if (!is("th")) break;
                items_.push_back({item_kind::ordinal, text.substr(at, 2)});
                return 2;
            case '"': {
                std::size_t end = at + 1;
                while (end < text.size() && text[end] != '"') {
                    if (text[end] == '\\' && end + 1 < text.size()) ++end;
                    std::size_t size = character_size(text[end]);
                    items_.push_back({item_kind::literal, text.substr(end, size)});
                    end += size;
                }
                return end + 1 - at;
            }
            case '\\':
                if (at + 1 < text.size() && text[at + 1] == '"') {
                    items_.push_back({item_kind::literal, text.substr(at + 1, 1)});
                    return 2;
                }
                break;
            default: break;
        }
        std::size_t size = character_size(text[at]);
        items_.push_back({item_kind::literal, text.substr(at, size)});
        return size;
    }

    /// One printing.
    class writer {
    public:
        writer(number_template const& form, bool negative, std::string number)
            : form_(form),
              negative_(negative),
              number_(std::move(number)),
              brackets_(form.brackets_),
              sign_place_(form.sign_place_) {
            int pre = form_.digits_before_point();
            auto length = static_cast<int>(std::min(number_.find('.'), number_.size()));
            if (length < pre) {
                blanks_ = pre - length;
            } else if (length > pre) {
                number_.assign(static_cast<std::size_t>(pre + form_.post_ + 1), '#');
                number_[static_cast<std::size_t>(pre)] = '.';
            }
            if (form_.plus_ || form_.minus_) {
                sign_written_ = !(form_.plus_ && !form_.minus_);
            } else {
                if (!negative_ && form_.fill_mode_) brackets_ = false;
                sign_written_ = !negative_ && form_.fill_mode_ && !form_.signs_;
                if (sign_place_ == sign_place::front && pre == form_.digits_before_sign_) {
                    sign_place_ = sign_place::behind;
                }
            }
            count_ = form_.post_ + pre - 1;
            if (form_.fill_mode_ && form_.decimal_) {
                last_relevant_ = last_relevant_digit();
                int zero_end = form_.zero_end_ + form_.multiply_;
                if (last_relevant_ >= 0 && form_.zero_end_ > 0 && zero_end > blanks_) {
                    int last_zero = std::min(static_cast<int>(number_.size()) - 1, zero_end - blanks_);
                    last_relevant_ = std::max(last_relevant_, last_zero);
                }
            }
            if (!sign_written_ && blanks_ == 0) ++count_;
        }

        std::string write() {
            for (auto const& one : form_.items_) {
                switch (one.kind) {
                    case item_kind::nine:
                    case item_kind::zero:
                    case item_kind::point: digit(one.kind); break;
                    case item_kind::comma:
                    case item_kind::group:
                        if (inside_) out_ += ',';
                        else if (!form_.fill_mode_) out_ += ' ';
                        break;
                    case item_kind::currency: out_ += ' '; break;
                    case item_kind::minus:
                        if (negative_) out_ += '-';
                        else if (!form_.fill_mode_) out_ += ' ';
                        break;
                    case item_kind::plus:
                        if (!negative_) out_ += '+';
                        else if (!form_.fill_mode_) out_ += ' ';
                        break;
                    case item_kind::sign: out_ += negative_ ? '-' : '+'; break;
                    case item_kind::ordinal:
                        if (number_[0] != '#' && !negative_ && !form_.decimal_)
                            out_ += ordinal_suffix(number_, one.text);
                        break;
                    case item_kind::literal: out_ += one.text; break;
                }
            }
            return out_;
        }

        /// "st", "nd", "rd" or "th" behind a number, in the case of `like`.
        static std::string ordinal_suffix(std::string_view number, std::string_view like) {
            char last = number.back();
            bool teen = number.size() > 1 && number[number.size() - 2] == '1';
            std::string suffix = teen ? "th" : last == '1' ? "st" : last == '2' ? "nd" : last == '3' ? "rd" : "th";
            if (like[0] == 'T') suffix = {static_cast<char>(suffix[0] - 32), static_cast<char>(suffix[1] - 32)};
            return suffix;
        }

    private:
        char current() const { return at_ < number_.size() ? number_[at_] : '\0'; }
        bool relevant_is_point() const {
            return last_relevant_ >= 0 && number_[static_cast<std::size_t>(last_relevant_)] == '.';
        }
        /// '0.1' under '9.9' prints a blank for the 0.
        bool is_blank_before_point() const { return !form_.zero_ && at_ == 0 && number_[0] == '0' && form_.post_ != 0; }

        int last_relevant_digit() const {
            auto point = number_.find('.');
            if (point == number_.npos) return -1;
            std::size_t last = point;
            for (std::size_t i = point + 1; i < number_.size(); ++i) {
                if (number_[i] != '0') last = i;
            }
            return static_cast<int>(last);
        }

        void write_sign() {
            if (form_.signs_) {
                if (sign_place_ != sign_place::front) return;
                out_ += negative_ ? '-' : '+';
            } else if (brackets_) {
                out_ += negative_ ? '<' : ' ';
            } else if (negative_) {
                out_ += '-';
            } else if (!form_.fill_mode_) {
                out_ += ' ';
            }
            sign_written_ = true;
        }

        void digit(item_kind kind) {
            inside_ = false;
            bool zero_starts = form_.zero_ && form_.zero_start_ == position_;
            if (!sign_written_ && (position_ >= blanks_ || zero_starts) &&
                (!is_blank_before_point() || relevant_is_point())) {
                write_sign();
            }
            if (position_ < blanks_ && (!form_.zero_ || form_.zero_start_ > position_)) {
                if (!form_.fill_mode_) out_ += ' ';
            } else if (position_ < blanks_) {
                out_ += '0';
                inside_ = true;
            } else {
                if (current() == '.') {
                    if (!relevant_is_point() || form_.fill_mode_) out_ += '.';
                } else if (last_relevant_ >= 0 && static_cast<int>(at_) > last_relevant_ && kind != item_kind::zero) {
                    // trailing zeros that FM suppresses
                } else if (is_blank_before_point()) {
                    if (!form_.fill_mode_) out_ += ' ';
                    else if (relevant_is_point()) out_ += '0';
                } else if (current() != '\0') {
                    out_ += current();
                    inside_ = true;
                }
                if (at_ < number_.size()) ++at_;
            }
            int end = count_ + (blanks_ ? 1 : 0) + (form_.decimal_ ? 1 : 0);
            if (last_relevant_ >= 0 && last_relevant_ == static_cast<int>(at_)) end = position_;
            if (position_ + 1 == end) {
                if (sign_written_ && brackets_) out_ += negative_ ? '>' : ' ';
                else if (form_.signs_ && sign_place_ == sign_place::behind) out_ += negative_ ? '-' : '+';
            }
            ++position_;
        }

        number_template const& form_;
        bool negative_;
        std::string number_, out_;
        bool brackets_;
        sign_place sign_place_;
        int blanks_ = 0, count_ = 0, position_ = 0, last_relevant_ = -1;
        bool sign_written_ = false, inside_ = false;
        std::size_t at_ = 0;
    };

    std::vector<item> items_;
    int pre_ = 0, post_ = 0, multiply_ = 0, zero_start_ = 0, zero_end_ = 0, digits_before_sign_ = 0;
    bool zero_ = false, decimal_ = false, fill_mode_ = false, roman_ = false, scientific_ = false, multiplies_ = false;
    bool signs_ = false, minus_ = false, plus_ = false, brackets_ = false;
    sign_place sign_place_ = sign_place::none;

public:
    bool roman_lower_ = false;
};

inline std::string number_template::read_number(std::string_view text) const {
    std::string digits;
    bool negative = false, point = false;
    std::size_t at = 0;
    auto skip_to_number = [&] {
        while (at < text.size() && phantomdb::detail::is_space(text[at])) ++at;
    };
    auto take_sign = [&] {
        if (at >= text.size()) return;
        if (text[at] == '-' || (brackets_ && text[at] == '<')) negative = true, ++at;
        else if (text[at] == '+') ++at;
    };
    skip_to_number();
    for (auto const& one : items_) {
        if (at >= text.size()) break;
        switch (one.kind) {
            case item_kind::nine:
            case item_kind::zero:
            case item_kind::point:
                // Each digit's place takes a character; what isn't a digit is left out.
                skip_to_number();
                if (digits.empty()) take_sign();
                if (at >= text.size()) break;
                if (phantomdb::detail::is_digit(text[at])) digits += text[at];
                else if (text[at] == '.' && decimal_ && !point) digits += '.', point = true;
                else if (text[at] == '-' && signs_ && !digits.empty()) negative = true;
                at += character_size(text[at]);
                break;
            case item_kind::comma:
            case item_kind::group:
                if (text[at] == ',') ++at;
                break;
            case item_kind::minus:
            case item_kind::plus:
            case item_kind::sign:
                if (text[at] == '-' || text[at] == '+' || text[at] == ' ') negative = negative || text[at++] == '-';
                break;
            case item_kind::currency:
                while (at < text.size() && !phantomdb::detail::is_digit(text[at]) && text[at] != '-' && text[at] != '.')
                    ++at;
                break;
            case item_kind::ordinal: at = std::min(at + 2, text.size()); break;
            case item_kind::literal: at += character_size(text[at]); break;
        }
    }
    if (signs_ && at < text.size() && text[at] == '-') negative = true;
    if (digits.empty() || digits == ".") {
        throw error(errc::invalid_text_representation,
                    "invalid input syntax for type numeric: \"" + std::string(1, ' ') + "\"");
    }
    return (negative ? "-" : "") + digits;
}

inline std::string roman_number(std::int64_t value, bool lower, bool fill) {
    std::string out;
    if (value < 1 || value > 3999) {
        out.assign(15, '#');
        return out;
    }
    static constexpr struct {
        int value;
        char const* upper;
        char const* lower;
    } parts[] = {{1000, "M", "m"}, {900, "CM", "cm"}, {500, "D", "d"},  {400, "CD", "cd"}, {100, "C", "c"},
                 {90, "XC", "xc"}, {50, "L", "l"},    {40, "XL", "xl"}, {10, "X", "x"},    {9, "IX", "ix"},
                 {5, "V", "v"},    {4, "IV", "iv"},   {1, "I", "i"}};
    for (auto const& part : parts) {
        for (; value >= part.value; value -= part.value) out += lower ? part.lower : part.upper;
    }
    if (fill && out.size() < 15) out.insert(0, 15 - out.size(), ' ');
    return out;
}

/// `printf`'s e notation of decimal digits: one in front of the point, two at least in the exponent.
inline std::string scientific(numeric n, int digits) {
    char text[80];
    std::snprintf(text, sizeof text, "%.*e", digits, to_double(phantomdb::abs(n)));
    return text;
}

inline std::string print_numeric(numeric value, std::string_view form_text) {
    number_template form(form_text);
    if (form.is_roman()) return roman_number(to_integer(value, type_id::int4), form.roman_lower_, form.fills());
    bool negative = value.coefficient() < 0 && !value.is_nan();
    if (form.is_scientific()) {
        if (!value.is_finite()) return form.unprintable();
        return (negative ? "-" : " ") + scientific(value, form.digits_behind_point());
    }
    if (form.shift() > 0 && value.is_finite()) {
        value = value * numeric::from(static_cast<int128>(phantomdb::detail::power_of_ten(std::min(form.shift(), 35))));
    }
    numeric rounded = phantomdb::round(value, form.digits_behind_point());
    std::string number = to_text(phantomdb::abs(rounded));
    negative = rounded.coefficient() < 0;
    return form.print(negative, number);
}

template <int Digits>
std::string print_double(double value, std::string_view form_text) {
    number_template form(form_text);
    if (form.is_roman()) {
        bool small = std::fabs(value) < 100000;
        return roman_number(small ? static_cast<std::int64_t>(std::rint(value)) : 0, form.roman_lower_, form.fills());
    }
    char text[512];
    if (form.is_scientific()) {
        if (!std::isfinite(value)) return form.unprintable();
        std::snprintf(text, sizeof text, "%+.*e", form.digits_behind_point(), value);
        if (text[0] == '+') text[0] = ' ';
        return text;
    }
    if (form.shift() > 0) value *= std::pow(10, form.shift());
    int length = std::snprintf(text, sizeof text, "%.0f", std::fabs(value));
    if (std::isinf(value)) length = static_cast<int>(std::string_view("Infinity").size());
    if (length >= Digits) form.limit_digits_behind_point(0);
    else if (length + form.digits_behind_point() > Digits) form.limit_digits_behind_point(Digits - length);
    std::snprintf(text, sizeof text, "%.*f", form.digits_behind_point(), value);
    bool negative = text[0] == '-';
    std::string number = std::isnan(value) ? "NaN" : std::isinf(value) ? "Infinity" : text + negative;
    return form.print(negative, number);
}

}  // namespace detail

inline std::string_view numeric_to_char(call_context& context, numeric value, std::string_view form) {
    return context.memory.copy(detail::print_numeric(value, form));
}
namespace detail {
/// Digits added by V must not overflow the type.
template <class Int>
std::string_view integer_to_char(call_context& context, std::int64_t value, std::string_view form) {
    std::int64_t shifted = value;
    for (int i = number_template(form).shift(); i > 0; --i) shifted = integers<Int>::multiply(shifted, 10);
    return numeric_to_char(context, numeric::from(value), form);
}
}  // namespace detail
inline constexpr auto int4_to_char = &detail::integer_to_char<std::int32_t>;
inline constexpr auto int8_to_char = &detail::integer_to_char<std::int64_t>;
inline std::string_view float8_to_char(call_context& context, double value, std::string_view form) {
    return context.memory.copy(detail::print_double<15>(value, form));
}
inline std::string_view float4_to_char(call_context& context, double value, std::string_view form) {
    return context.memory.copy(detail::print_double<6>(value, form));
}
inline std::optional<numeric> to_number(std::string_view text, std::string_view form) {
    if (form.empty()) return std::nullopt;
    return parse_numeric(detail::number_template(form).read_number(text));
}

}  // namespace phantomdb::exec::functions
