/// @file Defines `reply_buffer`, the messages the server sends, written one behind the other into a buffer.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/sql/session.hpp>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::server {

/// How bad an error is: after `fatal` the connection ends.
enum class error_severity : std::uint8_t { error, fatal };

/// Collects replies until they are sent. Appends only; whoever owns it sends `bytes()` and calls `clear`.
/// Not thread-safe. A message is begun with its type, filled, and ended, which writes its length.
class reply_buffer {
public:
    std::string const& bytes() const { return bytes_; }
    std::size_t size() const { return bytes_.size(); }
    void clear() { bytes_.clear(); }
    /// Forgets everything behind `size`: a message that could not be finished.
    void truncate(std::size_t size) { bytes_.resize(size); }

    /// Starts a message and returns where it starts, for `end`.
    std::size_t begin(char type) {
        std::size_t const start = bytes_.size();
        bytes_.append({type, 0, 0, 0, 0});
        return start;
    }
    void end(std::size_t start) { patch(start + 1, bytes_.size() - start - 1); }

    void byte(char value) { bytes_.push_back(value); }
    void int16(int value) {
        char const octets[2] = {static_cast<char>(value >> 8), static_cast<char>(value)};
        bytes_.append(octets, 2);
    }
    void int32(std::uint32_t value) {
        char const octets[4] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                                static_cast<char>(value >> 8), static_cast<char>(value)};
        bytes_.append(octets, 4);
    }
    void raw(std::string_view bytes) { bytes_.append(bytes); }
    /// With the zero byte that ends it; cut at a zero inside, which the format can't hold.
    void string(std::string_view text) { bytes_.append(text.substr(0, text.find('\0'))).push_back('\0'); }

    /// A field counted by an int32 before it: `open_field`, append through `target`, `close_field`.
    std::size_t open_field() {
        bytes_.append(4, '\0');
        return bytes_.size();
    }
    void close_field(std::size_t opened) { patch(opened - 4, bytes_.size() - opened); }
    std::string& target() { return bytes_; }

    /// A message without a body: CloseComplete, ParseComplete and so on.
    void empty(char type) { bytes_.append({type, 0, 0, 0, 4}); }
    void parse_complete() { empty('1'); }
    void bind_complete() { empty('2'); }
    void close_complete() { empty('3'); }
    void no_data() { empty('n'); }
    void portal_suspended() { empty('s'); }
    void empty_query() { empty('I'); }
    void copy_done() { empty('c'); }

    void authentication_ok();
    void authentication_sasl(std::span<std::string_view const> mechanisms);
    void authentication_sasl_continue(std::string_view server_first);
    void authentication_sasl_final(std::string_view server_final);
    void negotiate_protocol_version(std::vector<std::string> const& unknown_options);
    void backend_key(std::int32_t process_id, std::int32_t cancel_key);
    void parameter_status(std::string_view name, std::string_view now);
    void ready(sql::transaction_status status);

    void command_complete(std::string_view tag);
    void parameter_description(std::vector<sql_type> const& types);
    /// `formats` as in a Bind message; empty for text.
    void row_description(std::vector<sql::result_column> const& columns, std::vector<std::int16_t> const& formats);
    void copy_start(sql::copy_request const& request);
    void copy_data(std::string_view piece);

    void failure(error const& what, error_severity severity = error_severity::error);
    void notice(sql::notice const& what);

private:
    void patch(std::size_t place, std::size_t value) {
        auto const number = static_cast<std::uint32_t>(value);
        char const octets[4] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                                static_cast<char>(number >> 8), static_cast<char>(number)};
        std::memcpy(bytes_.data() + place, octets, 4);
    }
    void field(char code, std::string_view text) {
        if (text.empty()) return;
        byte(code);
        string(text);
    }

    std::string bytes_;
};

/// The modifier of a type as PostgreSQL puts it on the wire.
constexpr std::int32_t wire_modifier(sql_type type) {
    bool const counts_header = type.id == type_id::numeric || type.id == type_id::varchar || type.id == type_id::bpchar;
    return type.modifier >= 0 && counts_header ? type.modifier + 4 : type.modifier;
}

}  // namespace phantomdb::server
