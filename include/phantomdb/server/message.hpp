/// @file Defines the messages a PostgreSQL client sends (protocol 3) and how they are read from bytes.
///
///     frame      byte type · int32 length (of itself and the body) · body
///     start-up   int32 length · int32 code · body                         (the first message of a connection, no type)
///
/// Everything here is pure: views into the caller's buffer, no I/O, every length checked before it is believed. Hostile
/// input raises `error` 08P01 and nothing else. Numbers are big-endian, strings end with a zero byte.
#pragma once

#include <phantomdb/base/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::server {

/// Reads the fields of one message body in order. Raises 08P01 where the body is too short.
class message_reader {
public:
    explicit message_reader(std::string_view body) : rest_(body) {}

    std::uint8_t byte() { return static_cast<std::uint8_t>(bytes(1)[0]); }
    std::int16_t int16() { return static_cast<std::int16_t>(big_endian(bytes(2))); }
    std::int32_t int32() { return static_cast<std::int32_t>(big_endian(bytes(4))); }

    std::string_view bytes(std::size_t size) {
        if (size > rest_.size()) throw error(errc::protocol_violation, "insufficient data left in message");
        std::string_view const taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    /// Up to the zero byte, which is taken too.
    std::string_view string() {
        std::size_t const end = rest_.find('\0');
        if (end == rest_.npos) throw error(errc::protocol_violation, "invalid string in message");
        std::string_view const taken = rest_.substr(0, end);
        rest_.remove_prefix(end + 1);
        return taken;
    }

    /// An int16 that counts what follows, each thing at least `bytes_each` long: never believed beyond the body.
    std::size_t count(std::size_t bytes_each) {
        auto const stated = static_cast<std::uint16_t>(int16());
        if (stated * bytes_each > rest_.size())
            throw error(errc::protocol_violation, "insufficient data left in message");
        return stated;
    }

    std::size_t left() const { return rest_.size(); }

    /// To be called when all fields are read.
    void end() const {
        if (!rest_.empty()) throw error(errc::protocol_violation, "invalid message format");
    }

private:
    static std::uint32_t big_endian(std::string_view octets) {
        std::uint32_t number = 0;
        for (char const octet : octets) number = number << 8 | static_cast<std::uint8_t>(octet);
        return number;
    }

    std::string_view rest_;
};

/// The types of messages a client may send once it is started.
namespace frontend {
inline constexpr char query = 'Q', parse = 'P', bind = 'B', describe = 'D', execute = 'E', close = 'C', flush = 'H',
                      sync = 'S', terminate = 'X', copy_data = 'd', copy_done = 'c', copy_fail = 'f', password = 'p',
                      function_call = 'F';
}

/// One message: its type and body, and how many bytes it takes of the input.
struct frame {
    char type = 0;
    std::string_view body;
    std::size_t size = 0;
};

/// What the front of the input holds: a frame, or how many bytes there must be at least before asking again.
struct frame_result {
    std::optional<frame> found;
    std::size_t needed = 0;
};

/// Largest bodies: of messages that carry text or values, of those that carry names, of passwords and of start-up.
inline constexpr std::size_t max_message_bytes = std::size_t{1} << 30, max_small_message_bytes = 10000,
                             max_password_bytes = 65535, max_startup_bytes = 10000;

/// Finds the next message. Raises 08P01 for a type nobody knows and a length that can't be: the place of the next
/// message is lost then, so the connection must end. Before authentication only passwords are let through.
frame_result next_frame(std::string_view input, bool authenticated);
/// The same for the first message of a connection; `type` is 0 and the body begins with the code.
frame_result next_startup_frame(std::string_view input);

/// The first message of a connection.
struct startup_message {
    enum class kind : std::uint8_t { start, ssl_request, gss_request, cancel_request } what = kind::start;
    int minor = 0;                                                ///< of protocol version 3
    std::vector<std::pair<std::string, std::string>> parameters;  ///< user, database, options, settings
    std::vector<std::string> unknown_options;     ///< protocol options (`_pq_.…`), none of which we know
    std::int32_t process_id = 0, cancel_key = 0;  ///< of a cancel request

    /// The value of a parameter, empty if it isn't there.
    std::string_view parameter(std::string_view name) const;
};
/// Raises 0A000 for protocol versions other than 3.
startup_message read_startup(std::string_view body);
/// Splits the start-up parameter `options` ("-c work_mem=1MB --geqo=off") into settings. 42601 for other switches.
std::vector<std::pair<std::string, std::string>> read_command_line_options(std::string_view options);

struct parse_message {
    std::string_view name, text;
    std::vector<std::uint32_t> parameter_types;  ///< pg_type oids, 0 for unspecified
};
parse_message read_parse(std::string_view body);

/// A Bind message; kept by the connection and filled again, so that its vectors are allocated once.
struct bind_message {
    struct parameter {
        bool null = true;
        std::string_view bytes;
    };
    std::string_view portal, statement;
    std::vector<std::int16_t> parameter_formats, result_formats;  ///< none: all text; one: for all
    std::vector<parameter> parameters;

    bool parameter_is_binary(std::size_t index) const { return format_of(parameter_formats, index) == 1; }
    static std::int16_t format_of(std::vector<std::int16_t> const& formats, std::size_t index) {
        return formats.empty() ? std::int16_t{0} : formats[formats.size() == 1 ? 0 : index];
    }
};
void read_bind(std::string_view body, bind_message& into);

/// A Describe or Close message: 'S' a prepared statement, 'P' a portal.
struct named_object {
    char kind = 'S';
    std::string_view name;
};
named_object read_describe(std::string_view body);
named_object read_close(std::string_view body);

struct execute_message {
    std::string_view portal;
    std::size_t max_rows = 0;  ///< 0: all
};
execute_message read_execute(std::string_view body);

/// The one string of a Query, CopyFail or mechanism-free password message.
std::string_view read_text(std::string_view body);

struct sasl_initial_response {
    std::string_view mechanism, response;
};
sasl_initial_response read_sasl_initial_response(std::string_view body);

}  // namespace phantomdb::server
