#pragma once

#include <phantomdb/server/message.hpp>

#include <algorithm>

namespace phantomdb::server {

namespace {

constexpr std::int32_t protocol_major = 3, cancel_request_code = 80877102, ssl_request_code = 80877103,
                       gss_request_code = 80877104;

/// Largest body of a message of this type, or nothing if there is no such type.
std::optional<std::size_t> body_limit(char type) {
    switch (type) {
        case frontend::query:
        case frontend::parse:
        case frontend::bind:
        case frontend::copy_data:
        case frontend::function_call: return max_message_bytes;
        case frontend::describe:
        case frontend::execute:
        case frontend::close:
        case frontend::flush:
        case frontend::sync:
        case frontend::terminate:
        case frontend::copy_done:
        case frontend::copy_fail: return max_small_message_bytes;
        default: return std::nullopt;
    }
}

/// A frame whose length field stands at `prefix` bytes from the front; it counts itself but not what is before it.
frame_result sized_frame(std::string_view input, std::size_t prefix, std::size_t least, std::size_t most,
                         char const* complaint) {
    std::size_t const header = prefix + 4;
    if (input.size() < header) return {std::nullopt, header};
    auto const stated = static_cast<std::uint32_t>(message_reader(input.substr(prefix)).int32());
    if (stated < least + 4 || stated > most + 4) throw error(errc::protocol_violation, complaint);
    std::size_t const size = prefix + stated;
    if (input.size() < size) return {std::nullopt, size};
    return {frame{prefix == 0 ? '\0' : input[0], input.substr(header, size - header), size}, size};
}

named_object read_named_object(std::string_view body, char const* message_name) {
    message_reader reader(body);
    named_object read;
    read.kind = static_cast<char>(reader.byte());
    read.name = reader.string();
    reader.end();
    if (read.kind != 'S' && read.kind != 'P') {
        throw error(errc::protocol_violation, std::string("invalid ") + message_name + " message subtype " +
                                                  std::to_string(static_cast<std::uint8_t>(read.kind)));
    }
    return read;
}

void read_formats(message_reader& reader, std::vector<std::int16_t>& formats) {
    formats.resize(reader.count(2));
    for (auto& format : formats) {
        format = reader.int16();
        if (format != 0 && format != 1) {
            throw error(errc::invalid_parameter_value, "unsupported format code: " + std::to_string(format));
        }
    }
}

}  // namespace

frame_result next_frame(std::string_view input, bool authenticated) {
    if (input.empty()) return {std::nullopt, 5};
    char const type = input[0];
    if (!authenticated) {
        if (type != frontend::password) {
            throw error(errc::protocol_violation,
                        "expected SASL response, got message type " + std::to_string(static_cast<std::uint8_t>(type)));
        }
        return sized_frame(input, 1, 0, max_password_bytes, "invalid message length");
    }
    auto const limit = body_limit(type);
    if (!limit) {
        throw error(errc::protocol_violation,
                    "invalid frontend message type " + std::to_string(static_cast<std::uint8_t>(type)));
    }
    return sized_frame(input, 1, 0, *limit, "invalid message length");
}

frame_result next_startup_frame(std::string_view input) {
    return sized_frame(input, 0, 4, max_startup_bytes, "invalid length of startup packet");
}

std::string_view startup_message::parameter(std::string_view name) const {
    auto const found =
        std::find_if(parameters.begin(), parameters.end(), [&](auto& each) { return each.first == name; });
    return found == parameters.end() ? std::string_view{} : std::string_view{found->second};
}

startup_message read_startup(std::string_view body) {
    using kind = startup_message::kind;
    message_reader reader(body);
    startup_message read;
    std::int32_t const code = reader.int32();
    if (code == ssl_request_code || code == gss_request_code) {
        reader.end();
        read.what = code == ssl_request_code ? kind::ssl_request : kind::gss_request;
        return read;
    }
    if (code == cancel_request_code) {
        read.what = kind::cancel_request;
        read.process_id = reader.int32();
        read.cancel_key = reader.int32();
        reader.end();
        return read;
    }
    int const major = static_cast<std::uint16_t>(code >> 16);
    read.minor = static_cast<std::uint16_t>(code & 0xffff);
    if (major != protocol_major) {
        throw error(errc::feature_not_supported, "unsupported frontend protocol " + std::to_string(major) + "." +
                                                     std::to_string(read.minor) + ": server supports 3.0 to 3.0");
    }
    for (std::string_view name = reader.string(); !name.empty(); name = reader.string()) {
        std::string_view const text = reader.string();
        if (name.starts_with("_pq_.")) read.unknown_options.emplace_back(name);
        else read.parameters.emplace_back(name, text);
    }
    if (reader.left() != 0) {
        throw error(errc::protocol_violation, "invalid startup packet layout: expected terminator as last byte");
    }
    return read;
}

std::vector<std::pair<std::string, std::string>> read_command_line_options(std::string_view options) {
    std::vector<std::string> words;
    bool inside = false;
    for (std::size_t i = 0; i < options.size(); ++i) {
        bool const space = options[i] == ' ' || (options[i] >= '\t' && options[i] <= '\r');
        if (space) {
            inside = false;
            continue;
        }
        if (!inside) words.emplace_back();
        inside = true;
        if (options[i] == '\\' && i + 1 < options.size()) ++i;  // a backslash protects a space or itself
        words.back() += options[i];
    }

    std::vector<std::pair<std::string, std::string>> settings;
    for (std::size_t i = 0; i < words.size(); ++i) {
        std::string_view word = words[i];
        if (word == "-c" && i + 1 < words.size()) word = words[++i];
        else if (word.starts_with("-c") || word.starts_with("--")) word.remove_prefix(2);
        else throw error(errc::syntax_error, "invalid command-line argument for server process: " + words[i]);
        std::size_t const equals = word.find('=');
        if (equals == word.npos || equals == 0) {
            throw error(errc::syntax_error, "invalid command-line argument for server process: " + words[i]);
        }
        std::string name(word.substr(0, equals));
        std::replace(name.begin(), name.end(), '-', '_');
        settings.emplace_back(std::move(name), word.substr(equals + 1));
    }
    return settings;
}

parse_message read_parse(std::string_view body) {
    message_reader reader(body);
    parse_message read;
    read.name = reader.string();
    read.text = reader.string();
    read.parameter_types.resize(reader.count(4));
    for (auto& oid : read.parameter_types) oid = static_cast<std::uint32_t>(reader.int32());
    reader.end();
    return read;
}

void read_bind(std::string_view body, bind_message& into) {
    message_reader reader(body);
    into.portal = reader.string();
    into.statement = reader.string();
    read_formats(reader, into.parameter_formats);
    into.parameters.resize(reader.count(4));
    if (into.parameter_formats.size() > 1 && into.parameter_formats.size() != into.parameters.size()) {
        throw error(errc::protocol_violation, "bind message has " + std::to_string(into.parameter_formats.size()) +
                                                  " parameter formats but " + std::to_string(into.parameters.size()) +
                                                  " parameters");
    }
    for (auto& parameter : into.parameters) {
        std::int32_t const size = reader.int32();
        if (size < -1) throw error(errc::protocol_violation, "invalid message format");
        parameter.null = size == -1;
        parameter.bytes = parameter.null ? std::string_view{} : reader.bytes(static_cast<std::size_t>(size));
    }
    read_formats(reader, into.result_formats);
    reader.end();
}

named_object read_describe(std::string_view body) { return read_named_object(body, "DESCRIBE"); }
named_object read_close(std::string_view body) { return read_named_object(body, "CLOSE"); }

execute_message read_execute(std::string_view body) {
    message_reader reader(body);
    execute_message read;
    read.portal = reader.string();
    read.max_rows = static_cast<std::size_t>(std::max(reader.int32(), 0));
    reader.end();
    return read;
}

std::string_view read_text(std::string_view body) {
    message_reader reader(body);
    std::string_view const text = reader.string();
    reader.end();
    return text;
}

sasl_initial_response read_sasl_initial_response(std::string_view body) {
    message_reader reader(body);
    sasl_initial_response read;
    read.mechanism = reader.string();
    std::int32_t const size = reader.int32();
    if (size < -1) throw error(errc::protocol_violation, "invalid message format");
    if (size >= 0) read.response = reader.bytes(static_cast<std::size_t>(size));
    reader.end();
    return read;
}

}  // namespace phantomdb::server
