/// @file Defines `event_log`, the server's structured log: one line an event on standard error, as JSON or as key=value text.
///
///     {"time":"2024-05-01T10:00:00.123456Z","level":"info","event":"ready","address":"127.0.0.1:5432"}
///     time=2024-05-01T10:00:00.123456Z level=info event=ready address=127.0.0.1:5432
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace phantomdb::server {

enum class log_format : std::uint8_t { text, json };
enum class log_level : std::uint8_t { debug, info, warning, error };

/// A named fact of an event; left out where it is an empty text.
struct log_field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t> what;

    log_field(std::string_view key, std::string_view text) : name(key), what(text) {}
    template <std::integral Integer>
    log_field(std::string_view key, Integer number) : name(key), what(static_cast<std::int64_t>(number)) {}
};

/// Writes events at or above a level. Thread-safe; a line is never torn.
class event_log {
public:
    event_log(log_format format, log_level least);
    ~event_log();
    event_log(event_log const&) = delete;
    event_log& operator=(event_log const&) = delete;

    bool wants(log_level level) const { return level >= least_; }
    void write(log_level level, std::string_view event, std::initializer_list<log_field> fields = {});
    void flush();

private:
    struct writer;
    std::unique_ptr<writer> writer_;
    log_level least_;
};

/// The line without time and level; what `event_log` writes behind them.
std::string log_line(log_format format, std::string_view event, std::initializer_list<log_field> fields);

}  // namespace phantomdb::server
