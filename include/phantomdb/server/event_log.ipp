#pragma once

#include <phantomdb/server/event_log.hpp>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>

namespace phantomdb::server {

namespace {

void append_json_string(std::string& line, std::string_view text) {
    line += '"';
    for (char const c : text) {
        if (c == '"' || c == '\\') {
            line += '\\', line += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            constexpr char digits[] = "0123456789abcdef";
            line += "\\u00", line += digits[(c >> 4) & 1], line += digits[c & 15];
        } else {
            line += c;
        }
    }
    line += '"';
}

/// Quoted only where it would not read as one word.
void append_word(std::string& line, std::string_view text) {
    bool const plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=' && c != '\\';
    });
    if (plain) line += text;
    else append_json_string(line, text);
}

spdlog::level::level_enum spdlog_level(log_level level) {
    switch (level) {
        case log_level::debug: return spdlog::level::debug;
        case log_level::info: return spdlog::level::info;
        case log_level::warning: return spdlog::level::warn;
        case log_level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

std::string log_line(log_format format, std::string_view event, std::initializer_list<log_field> fields) {
    std::string line;
    auto const add = [&](log_field const& field) {
        if (auto const* text = std::get_if<std::string_view>(&field.what); text && text->empty()) return;
        bool const json = format == log_format::json;
        if (!line.empty()) line += json ? ',' : ' ';
        if (json) append_json_string(line, field.name), line += ':';
        else line += field.name, line += '=';
        if (auto const* number = std::get_if<std::int64_t>(&field.what)) line += std::to_string(*number);
        else if (json) append_json_string(line, std::get<std::string_view>(field.what));
        else append_word(line, std::get<std::string_view>(field.what));
    };
    add({"event", event});
    for (auto const& field : fields) add(field);
    return line;
}

struct event_log::writer {
    log_format format;
    spdlog::logger logger{"phantomd", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

event_log::event_log(log_format format, log_level least) : writer_(new writer{format}), least_(least) {
    std::string const pattern = format == log_format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})"
                                                           : "time=%Y-%m-%dT%H:%M:%S.%fZ level=%l %v";
    writer_->logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    writer_->logger.set_level(spdlog_level(least));
    writer_->logger.flush_on(spdlog::level::debug);
}

event_log::~event_log() = default;

void event_log::write(log_level level, std::string_view event, std::initializer_list<log_field> fields) {
    if (wants(level)) writer_->logger.log(spdlog_level(level), log_line(writer_->format, event, fields));
}

void event_log::flush() { writer_->logger.flush(); }

}  // namespace phantomdb::server
