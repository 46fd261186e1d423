/// @file Defines `conversation`, the protocol between start-up and goodbye: queries in, replies out.
///
/// A state machine over three things: the session (which knows transactions), the names of prepared statements and
/// portals, and whether messages are being skipped.
///
///     Query                                  run the script, ReadyForQuery
///     Parse Bind Describe Execute Close      one step each; an error makes everything up to Sync skipped
///     Sync                                   end of the implicit transaction, ReadyForQuery
///     Flush                                  send what there is
///     CopyData CopyDone CopyFail             belong to a COPY that already failed: dropped
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/server/event_log.hpp>
#include <phantomdb/server/transport.hpp>
#include <phantomdb/server/wire_sink.hpp>
#include <phantomdb/sql/session.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace phantomdb::server {

/// What the server counts, for the log at its stop.
struct server_counters {
    std::atomic<std::uint64_t> connections{0}, refused{0}, statements{0}, errors{0};
};

struct conversation_options {
    std::chrono::milliseconds slow_statement{-1};  ///< statements that take longer are logged; negative: none
};

/// Talks to one client over a started session. One thread.
class conversation {
public:
    conversation(sql::session& session, message_channel& channel, event_log& log, server_counters& counters,
                 conversation_options options)
        : session_(session), channel_(channel), log_(log), counters_(counters), options_(options) {}

    /// Ends the start-up: settings, the key to cancel by, ReadyForQuery.
    void greet(std::int32_t cancel_key);
    /// Until the client says goodbye or is gone, `stopping` is set (the client is told 57P01), or the connection can't go
    /// on. Raises 08P01 where the stream of messages is broken and 08006 where the client is gone.
    void run(std::atomic<bool> const& stopping);

private:
    /// What is remembered of a prepared statement; the session knows its name.
    struct statement_entry {
        std::shared_ptr<sql::prepared_statement const> prepared;
        std::vector<sql_type> parameters;
        std::string text;  ///< for the log of slow statements; empty if there is none
    };
    struct portal_entry {
        std::shared_ptr<sql::portal> bound;
        std::vector<std::int16_t> formats;
        std::shared_ptr<statement_entry const> of;
    };
    template <class Entry>
    using by_name = std::map<std::string, Entry, std::less<>>;

    void handle(frame const& message);
    /// Reports what `step` throws to the client; whether it threw nothing.
    template <class Step>
    bool attempt(Step step);
    /// One message of the extended protocol.
    void step(void (conversation::*action)(std::string_view), std::string_view body);
    void query(std::string_view body);
    void parse(std::string_view body);
    void bind(std::string_view body);
    void describe(std::string_view body);
    void execute(std::string_view body);
    void close(std::string_view body);
    void sync();
    void ready();
    void report_settings();

    std::shared_ptr<statement_entry const> const& find_statement(std::string_view name);
    portal_entry& find_portal(std::string_view name);
    value read_parameter(std::size_t index, sql_type type);
    void report(error const& what);
    void log_if_slow(std::chrono::steady_clock::time_point started, std::string_view text);

    sql::session& session_;
    message_channel& channel_;
    event_log& log_;
    server_counters& counters_;
    conversation_options options_;
    by_name<std::shared_ptr<statement_entry const>> statements_;  ///< may lag behind what SQL did to the names
    by_name<portal_entry> portals_;
    setting_values reported_, changed_;  ///< what the client was told, and what it has not been told yet
    bind_message bind_;
    arena values_;
    bool skipping_ = false, over_ = false;
};

}  // namespace phantomdb::server
