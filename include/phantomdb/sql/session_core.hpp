/// @file Defines `session_core`: what the parts of a session share — the transaction, the names, the settings, the sink.
///
/// Private to the library: `session` is the way in. The parts are free functions over `session_core`, one file each:
/// transactions (session_transaction.ipp), queries (session_query.ipp), utility statements (session_utility.ipp),
/// definitions (ddl_*.ipp), COPY (copy.ipp), system functions (system_functions.ipp).
#pragma once

#include <phantomdb/exec/call_context.hpp>
#include <phantomdb/exec/dynamic_context.hpp>
#include <phantomdb/exec/system_services.hpp>
#include <phantomdb/exec/table_writer.hpp>
#include <phantomdb/mvcc/interrupt.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/sql/binder.hpp>
#include <phantomdb/sql/instance_state.hpp>
#include <phantomdb/sql/literal_scan.hpp>
#include <phantomdb/sql/parser.hpp>
#include <phantomdb/sql/session.hpp>
#include <phantomdb/sql/settings.hpp>
#include <phantomdb/sql/statement_cache.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

struct compiled_query;

/// Rows kept until they are asked for: results of cursors and of portals that were suspended.
class kept_rows {
public:
    explicit kept_rows(std::size_t columns) : columns_(columns) {}
    void append(row_block const& block, std::vector<result_column> const& columns);
    std::size_t rows() const { return rows_; }
    std::size_t bytes() const { return text_.reserved() + rows_ * columns_ * 17; }
    /// Hands rows [from, from + count) to the sink in blocks; false if it said stop.
    bool hand_over(std::size_t from, std::size_t count, result_sink& sink) const;

private:
    struct column {
        std::vector<datum> values;
        std::vector<std::uint8_t> nulls;
    };
    std::size_t columns_, rows_ = 0;
    std::vector<column> cells_ = std::vector<column>(columns_);
    arena text_;
};

/// Parsed, and bound when it is a query. What was bound is replaced when the catalog or the settings it depends on moved.
class prepared_statement {
public:
    parsed_script script;
    std::optional<statement> parsed;  ///< nothing: an empty text
    std::vector<sql_type> given_types;
    /// Serves for other texts too: compiled with the constants of its text turned into parameters (literal_slots.hpp).
    bool literals_apart = false;
    mutable std::shared_ptr<compiled_query const> compiled;  ///< null for utility statements
    bool infer_parameters = false;

    ast node() const { return parsed ? parsed->node : ast(); }
    std::string_view text() const { return script.text(); }
};

/// A bound statement on its way.
class portal {
public:
    std::shared_ptr<prepared_statement const> statement;
    std::vector<value> parameters;
    std::vector<result_column> columns;
    std::shared_ptr<kept_rows> rows;  ///< once it has run
    std::size_t next_row = 0;
    bool done = false;
    std::string tag;  ///< of the finished run
};

/// A cursor of SQL: like a portal, but it can go backwards.
struct cursor {
    std::shared_ptr<portal> source;
    bool scrollable = true, hold = false;
    bool committed = false;     ///< declared by a transaction before this one
    std::size_t depth = 0;      ///< savepoints that were open when it was declared
    std::int64_t position = 0;  ///< 0: before the first row
    std::string statement_text;
};

enum class block_state : std::uint8_t { idle, implicit, block, failed };

struct savepoint {
    std::string name;
    exec::sql_transaction::savepoint_type mark = 0;
    std::shared_ptr<schema::catalog const> catalog;
    bool catalog_changed = false;
    std::size_t settings_mark = 0;
};

/// All of a session but its public face. Used by the session's thread; `interrupt` from any.
class session_core : public exec::system_services {
public:
    session_core(instance& where, session_options options);
    ~session_core() override;

    instance::shared_state& shared;
    session_options options;
    session_settings settings;
    std::shared_ptr<configuration::snapshot const> configured;  ///< what `settings` were made from
    schema::object_id database = 0;
    std::int32_t number = 0;
    exec::session_facts facts;
    exec::random_stream random;
    std::function<std::int64_t()> clock;
    result_sink* sink = nullptr;  ///< of the running call

    // ---- the transaction (session_transaction.ipp) ----

    block_state block = block_state::idle;
    std::unique_ptr<exec::sql_transaction> transaction;  ///< made by the first statement that needs it
    bool read_only = false;
    bool follows = false;  ///< this node did not take writes when the transaction began
    mvcc::isolation level = mvcc::isolation::read_committed;
    bool statement_ran = false;  ///< a query has seen the snapshot: the level is fixed
    std::vector<savepoint> savepoints;
    std::unique_ptr<exec::constraint_checks> checks;
    std::string transaction_mark;                    ///< what phantom.transaction_id() gave; empty: nobody has asked
    std::set<schema::object_id> exclusive, written;  ///< tables locked for definitions, for writing
    std::vector<schema::object_id> new_sequences;    ///< their states become durable with the transaction
    std::int64_t transaction_time = 0, statement_time = 0;

    void begin(block_state as);
    /// Before a snapshot is taken on a node of a group: whether it will show everything that was committed before is made sure of,
    /// unless the session does not ask for that. 57P03.
    void await_group() const;
    /// The same, and a snapshot from after it where the isolation level allows a new one.
    void see_group();
    /// Notes whether this node takes writes; as PostgreSQL's clients ask it, whether it is a standby.
    void look_at_group();
    /// 25006, and where writes are taken instead.
    error refuse_writing(std::string message) const;
    void ensure_transaction();
    /// Commits, or rolls back a failed block; false in that case. When the commit fails, all is rolled back and it throws.
    bool commit();
    void rollback();
    /// An error: the block is failed; an implicit transaction is rolled back.
    void fail();
    /// A statement begins: a fresh snapshot where the isolation level says so, and the catalog that goes with it.
    void start_statement();
    void rollback_to(savepoint const& where);
    void refuse_failed() const;

    // ---- names ----

    std::shared_ptr<schema::catalog const> current_catalog;
    bool catalog_changed = false;  ///< by this transaction
    schema::catalog const& catalog() const { return *current_catalog; }
    name_space names() const;
    bind_context binding() const;
    /// The first schema of the search path that exists, or the named one, to create things in. 3F000.
    schema::schema_descriptor const& creation_schema(std::string_view explicit_name) const;

    // ---- definitions: one edit a statement ----

    /// Takes the catalog for this transaction (others wait) and gives the edit of this statement.
    schema::catalog_edit& edit();
    schema::object_id new_id();
    /// Makes the edit what this transaction sees, and part of its writes.
    void finish_edit();
    void drop_edit() { edit_.reset(); }
    /// Waits for those who write the table and keeps others from writing it until the end of the transaction.
    void lock_for_definition(schema::object_id table);
    void lock_for_writing(schema::object_id table);
    /// The rows of a table this transaction alone can write need no locks.
    void made_here(schema::object_id table) { exclusive.insert(table); }

    // ---- running ----

    exec::layout_cache layouts;
    exec::usage_counters usage;  ///< of the running statement
    std::map<schema::object_id, std::uint64_t>
        replaced;  ///< by the running transaction: rows updated or deleted, by table
    /// Adds what was counted to the statistics of the instance.
    void merge_usage();
    exec::writer_surroundings writing();
    exec::call_context call(arena& memory);
    void note(severity how, sqlstate code, std::string message, std::string detail = {}, std::string hint = {});
    /// Runs a query of our own within the current statement; what `row` gets is borrowed for the call.
    void query(std::string const& text, std::function<void(std::span<nullable_datum const>)> const& row);
    /// 40001 if one of these tables has changed since this transaction's snapshot.
    void require_same_tables(std::vector<std::shared_ptr<schema::table_descriptor const>> const& used) const;
    value default_of(schema::table_descriptor const& table, std::size_t column);
    void set_activity(std::string_view state, std::string_view query);

    mvcc::interrupt cancel;
    std::atomic<bool> cancelled{false};  ///< the same, as kernels look at it
    std::atomic<bool> terminated{false};
    void interrupt(mvcc::interrupt_reason why);
    void clear_interrupt();

    // ---- by name ----

    std::map<std::string, std::shared_ptr<prepared_statement const>, std::less<>> prepared;
    std::map<std::string, cursor, std::less<>> cursors;
    std::map<schema::object_id, std::int64_t> sequence_values;  ///< for currval
    schema::object_id last_sequence = 0;

    // ---- simple queries (session.ipp, session_query.ipp) ----

    statement_cache statements;
    literal_scan running_text;  ///< of the running simple query; empty where it is not to be cached
    arena literal_memory;
    std::atomic<std::uint64_t> cache_hits{0}, cache_misses{0};  ///< written by the session's thread
    /// Parses the text of the running simple query, which is one statement; makes it what is cached for it if `keep`.
    std::shared_ptr<prepared_statement const> parse_again(prepared_statement const& outdated, bool keep);
    struct advisory_lock {
        std::unique_ptr<mvcc::lock_owner> owner;
        int count = 0;
    };
    std::map<std::int64_t, advisory_lock> advisory;  ///< held by the session, not by its transactions
    void release_advisory();

    nullable_datum ask(function_id which, exec::call_context& context,
                       std::span<nullable_datum const> arguments) override;
    void check_database(exec::call_context& context,
                        std::function<bool(std::span<nullable_datum const>)> const& emit) override;
    /// 42501 unless the session's role is a superuser.
    void require_superuser(std::string_view what) const;

private:
    void end_transaction();

    std::optional<schema::catalog_edit> edit_;
    session_activity* activity_ = nullptr;
};

// ---- transaction statements (session_transaction.ipp) ----

std::string run_transaction_statement(session_core& session, ast node, std::string_view text);
void set_isolation(session_core& session, std::string_view name);
void set_read_only(session_core& session, bool read_only);
std::string isolation_name(mvcc::isolation level);

// ---- queries (session_query.ipp) ----

/// Binds (anew, if the catalog or the settings moved) and plans. Needs no transaction. Null for a statement with its
/// literals apart that would have to be bound anew: the constants of its own text are gone.
std::shared_ptr<compiled_query const> compile(session_core& session, prepared_statement const& prepared);
/// Runs a bound statement within the current transaction; gives the command tag. Rows go to `sink`.
std::string run_query(session_core& session, prepared_statement const& prepared,
                      std::span<nullable_datum const> parameters, result_sink& sink,
                      std::vector<exec::operator_counters>* counters = nullptr);

// ---- utility statements (session_utility.ipp) ----

/// Runs any statement that is no query; gives the command tag.
std::string run_utility(session_core& session, prepared_statement const& prepared, result_sink& sink);
/// The columns a utility statement will return, if any.
std::vector<result_column> utility_columns(session_core& session, prepared_statement const& prepared);
/// Runs a statement of any kind within the current transaction, with everything around it: snapshot, timeout, interrupt.
std::string run_statement(session_core& session, prepared_statement const& prepared,
                          std::span<nullable_datum const> parameters, result_sink& sink);
std::string run_copy(session_core& session, prepared_statement const& prepared, result_sink& sink);
std::string run_alter_system(session_core& session, ast node, std::string_view text);
std::string run_vacuum(session_core& session, ast node, std::string_view text);
std::string run_explain(session_core& session, prepared_statement const& prepared,
                        std::span<nullable_datum const> parameters, result_sink& sink);
/// A statement within another, as in EXPLAIN, DECLARE and COPY.
std::shared_ptr<prepared_statement const> inner_statement(prepared_statement const& outer, ast node);

/// Sends rows of text: SHOW, EXPLAIN.
void send_text_rows(result_sink& sink, std::vector<std::string> const& names,
                    std::vector<std::vector<std::string>> const& rows);

}  // namespace phantomdb::sql
