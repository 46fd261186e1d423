#pragma once

#include <phantomdb/server/message.hpp>
#include <phantomdb/server/reply.hpp>

namespace phantomdb::server {

namespace {

std::string_view name_of(sql::severity level) {
    switch (level) {
        case sql::severity::debug: return "DEBUG";
        case sql::severity::log: return "LOG";
        case sql::severity::info: return "INFO";
        case sql::severity::notice: return "NOTICE";
        case sql::severity::warning: return "WARNING";
    }
    return "NOTICE";
}

}  // namespace

void reply_buffer::authentication_ok() {
    auto const start = begin('R');
    int32(0);
    end(start);
}

void reply_buffer::authentication_sasl(std::span<std::string_view const> mechanisms) {
    auto const start = begin('R');
    int32(10);
    for (auto const mechanism : mechanisms) string(mechanism);
    byte('\0');
    end(start);
}

void reply_buffer::authentication_sasl_continue(std::string_view server_first) {
    auto const start = begin('R');
    int32(11);
    raw(server_first);
    end(start);
}

void reply_buffer::authentication_sasl_final(std::string_view server_final) {
    auto const start = begin('R');
    int32(12);
    raw(server_final);
    end(start);
}

void reply_buffer::negotiate_protocol_version(std::vector<std::string> const& unknown_options) {
    auto const start = begin('v');
    int32(0);  // the newest minor version we speak
    int32(static_cast<std::uint32_t>(unknown_options.size()));
    for (auto const& option : unknown_options) string(option);
    end(start);
}

void reply_buffer::backend_key(std::int32_t process_id, std::int32_t cancel_key) {
    auto const start = begin('K');
    int32(static_cast<std::uint32_t>(process_id));
    int32(static_cast<std::uint32_t>(cancel_key));
    end(start);
}

void reply_buffer::parameter_status(std::string_view name, std::string_view now) {
    auto const start = begin('S');
    string(name);
    string(now);
    end(start);
}

void reply_buffer::ready(sql::transaction_status status) {
    auto const start = begin('Z');
    byte(static_cast<char>(status));
    end(start);
}

void reply_buffer::command_complete(std::string_view tag) {
    auto const start = begin('C');
    string(tag);
    end(start);
}

void reply_buffer::parameter_description(std::vector<sql_type> const& types) {
    auto const start = begin('t');
    int16(static_cast<int>(types.size()));
    for (auto const& type : types) int32(facts(type.id).oid);
    end(start);
}

void reply_buffer::row_description(std::vector<sql::result_column> const& columns,
                                   std::vector<std::int16_t> const& formats) {
    auto const start = begin('T');
    int16(static_cast<int>(columns.size()));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto const& column = columns[i];
        auto const& type = facts(column.type.id);
        string(column.name);
        int32(column.table_oid);
        int16(column.table_column);
        int32(type.oid);
        int16(type.size);
        int32(static_cast<std::uint32_t>(wire_modifier(column.type)));
        int16(bind_message::format_of(formats, i));
    }
    end(start);
}

void reply_buffer::copy_start(sql::copy_request const& request) {
    bool const binary = request.format == sql::copy_request::layout::binary;
    auto const start = begin(request.way == sql::copy_request::direction::in ? 'G' : 'H');
    byte(binary ? 1 : 0);
    int16(static_cast<int>(request.columns.size()));
    for (std::size_t i = 0; i < request.columns.size(); ++i) int16(binary ? 1 : 0);
    end(start);
}

void reply_buffer::copy_data(std::string_view piece) {
    auto const start = begin('d');
    raw(piece);
    end(start);
}

void reply_buffer::failure(error const& what, error_severity severity) {
    std::string_view const word = severity == error_severity::fatal ? "FATAL" : "ERROR";
    auto const start = begin('E');
    field('S', word);
    field('V', word);
    field('C', what.code.view());
    byte('M');  // required, even when empty
    string(what.message);
    field('D', what.detail);
    field('H', what.hint);
    if (what.position > 0) field('P', std::to_string(what.position));
    field('W', what.context);
    field('s', what.schema_name);
    field('t', what.table_name);
    field('c', what.column_name);
    field('d', what.type_name);
    field('n', what.constraint_name);
    byte('\0');
    end(start);
}

void reply_buffer::notice(sql::notice const& what) {
    auto const start = begin('N');
    field('S', name_of(what.level));
    field('V', name_of(what.level));
    field('C', what.code.view());
    byte('M');
    string(what.message);
    field('D', what.detail);
    field('H', what.hint);
    byte('\0');
    end(start);
}

}  // namespace phantomdb::server
