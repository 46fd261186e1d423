/// @file Defines `session`: SQL text in, rows out. What phantomd puts on the wire and phantomsql prints.
///
/// A session belongs to one client: one database, one role, one transaction at a time, its settings and prepared statements.
/// All calls block; call them from one thread at a time, `cancel` alone from any thread. Errors are thrown as `error`
/// with a position in the text that was given.
///
///     sql::instance store = sql::instance::open("shop.phantom");
///     sql::session session(store, {.database = "postgres"});
///     session.run("select 1 as one", sink);          // a script: one or more statements, implicit transaction
///
/// The extended protocol uses the parts: `prepare` → `bind` → `execute` as often as wanted → `sync`.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/sql/instance.hpp>
#include <phantomdb/sql/result_column.hpp>
#include <phantomdb/value/text_io.hpp>
#include <phantomdb/value/type.hpp>
#include <phantomdb/value/value.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

/// A run of result rows: column-major arrays of datums and null bytes, valid during the call that hands it over.
struct row_block {
    std::size_t rows = 0;
    std::vector<datum const*> columns;       ///< one array of `rows` datums per column
    std::vector<std::uint8_t const*> nulls;  ///< non-zero: null
};

enum class severity : std::uint8_t { debug, log, info, notice, warning };
struct notice {
    severity level = severity::notice;
    sqlstate code{"00000"};
    std::string message, detail, hint;
};

/// Which way COPY moves data, and how it looks. Column list already resolved.
struct copy_request {
    enum class direction : std::uint8_t { in, out } way = direction::in;
    enum class layout : std::uint8_t { text, csv, binary } format = layout::text;
    char delimiter = '\t', quote = '"', escape = '"';
    std::string null_text = "\\N";
    bool header = false, header_match = false;
    std::vector<std::int16_t> force_quote, force_not_null, force_null;  ///< ordinals in `columns`
    std::vector<result_column> columns;
};

/// Receives what statements produce. Every method has a sensible default but the two for rows.
class result_sink {
public:
    virtual ~result_sink() = default;
    /// Before the first row of a statement that returns rows. `columns` lives until the last `rows` has returned.
    virtual void begin_rows(std::vector<result_column> const& columns) = 0;
    /// Rows; return false to stop the statement (rest discarded, no error).
    virtual bool rows(row_block const& block) = 0;
    /// The statement is done: command tag as PostgreSQL's ("INSERT 0 3", "SELECT 5", "BEGIN"); empty for an empty query.
    virtual void complete(std::string_view command_tag) { static_cast<void>(command_tag); }
    virtual void on_notice(notice const& said) { static_cast<void>(said); }
    /// A reported setting changed (ParameterStatus).
    virtual void parameter_changed(std::string_view name, std::string_view now) {
        static_cast<void>(name), static_cast<void>(now);
    }
    /// COPY … TO STDOUT: `begin_copy_out`, formatted rows (a header is one), then `complete`.
    virtual void begin_copy_out(copy_request const& request) {
        static_cast<void>(request);
        throw error(errc::feature_not_supported, "COPY TO STDOUT is not possible here");
    }
    virtual void copy_out(std::string_view bytes) { static_cast<void>(bytes); }
    /// COPY … FROM STDIN: pull the next piece of bytes into `piece`; false at the end. Throws to fail the COPY.
    virtual void begin_copy_in(copy_request const& request) {
        static_cast<void>(request);
        throw error(errc::feature_not_supported, "COPY FROM STDIN is not possible here");
    }
    virtual bool copy_in(std::string& piece) { return piece.clear(), false; }
};

enum class transaction_status : char { idle = 'I', active = 'T', failed = 'E' };

class prepared_statement;  // parsed and bound; shared, immutable, re-bound by the session when the catalog moved

/// What a client may ask about a prepared statement.
struct statement_description {
    std::vector<sql_type> parameters;
    std::vector<result_column> columns;  ///< empty where no rows come back
};

class portal;  // a bound statement on its way, possibly suspended

struct session_options {
    std::string database = "postgres";
    std::string user = "postgres";
    std::string application_name;
    std::string client_address;
    std::vector<std::pair<std::string, std::string>> settings;  ///< from the start-up packet
    /// Called by whichever thread terminates the session, to wake the one that waits for the client. Any number of times.
    std::function<void()> on_terminate;
};

class session {
public:
    session(instance& where, session_options options);  ///< 3D000 for an unknown database, 28000 for an unknown role
    ~session();                                         ///< rolls an open transaction back
    session(session const&) = delete;
    session& operator=(session const&) = delete;

    /// Runs a script as one simple-protocol Query message does: several statements are one implicit transaction.
    void run(std::string_view script, result_sink& sink);

    /// Parses and binds one statement. `parameter_types` may be shorter than the parameters or hold `unknown`: inferred.
    /// An empty text is allowed. 42601 if there is more than one statement.
    std::shared_ptr<prepared_statement const> prepare(std::string_view text, std::span<sql_type const> parameter_types);
    /// As of now: re-bound first if the catalog moved.
    statement_description describe(prepared_statement const& statement);

    /// Prepared statements by name, those of PREPARE, EXECUTE and DEALLOCATE. `keep` raises 42P05 for a name that is taken,
    /// `find_kept` 26000 for one that isn't; `forget` lets both pass.
    void keep(std::string_view name, std::shared_ptr<prepared_statement const> statement);
    std::shared_ptr<prepared_statement const> const& find_kept(std::string_view name) const;
    void forget(std::string_view name);

    /// Makes a portal. It is valid until its transaction ends.
    std::shared_ptr<portal> bind(std::shared_ptr<prepared_statement const> statement, std::vector<value> parameters);
    std::vector<result_column> const& columns(portal const& bound);

    enum class outcome : std::uint8_t { complete, suspended, empty };
    /// Runs a portal, for at most `max_rows` rows (0: all). Inside an implicit transaction unless BEGIN was said;
    /// `sync` commits it. Calls `sink.complete` only when complete.
    outcome execute(portal& bound, std::size_t max_rows, result_sink& sink);
    /// Sync: ends the implicit transaction (commit, or rollback after an error). May throw (commit can fail).
    void sync(result_sink& sink);
    /// An error reached the client from outside `execute` (a bad message): the transaction, if any, is now failed.
    void fail();

    transaction_status status() const;
    /// Asks the running statement to stop with 57014. From any thread.
    void cancel();
    /// Ends the session's work for good: the running statement stops with 57P01. From any thread.
    void terminate();

    /// A setting as SHOW prints it; and the settings PostgreSQL reports to clients, with their values.
    std::string setting(std::string_view name) const;
    std::vector<std::pair<std::string, std::string>> reported_settings() const;
    /// How values are written as text for this session (time zone, digits, bytea form).
    format_settings const& formats() const;

    /// Words that may stand at the end of `text`: keywords, tables, columns. For completion in a shell.
    std::vector<std::string> complete(std::string_view text);

    /// This session's number, unique in the process (pg_backend_pid).
    std::int32_t id() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace phantomdb::sql
