/// @file Defines `session_settings`: the run-time parameters of a session, with PostgreSQL's names, units and transactions.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/value/format_settings.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

enum class setting_kind : std::uint8_t { boolean, integer, real, text, choice };
/// Who may change a setting: nobody; whoever starts the server; the configuration, read again; a superuser's session; any session.
enum class setting_context : std::uint8_t { internal, postmaster, sighup, superuser, user };
/// Where a value comes from, by rising priority.
enum class setting_source : std::uint8_t { built_in, file, command_line, client, override_, session };

/// One known parameter.
struct setting_definition {
    std::string_view name;
    setting_kind kind = setting_kind::text;
    setting_context context = setting_context::user;
    std::string_view initial;
    std::string_view unit;     ///< "ms", "s", "B", "kB", "8kB", "MB" or empty; values of numbers are kept in this unit
    std::string_view choices;  ///< separated by commas
    bool reported = false;     ///< clients are told of its value (ParameterStatus)
    std::int64_t minimum = 0, maximum = 0;  ///< of numbers; both 0: not bounded
    std::string_view category;              ///< as pg_settings groups them
    std::string_view description;

    bool is_bounded() const { return minimum != 0 || maximum != 0; }
    bool in_session() const { return context == setting_context::user || context == setting_context::superuser; }
    /// Whether a configuration file or ALTER SYSTEM may set it.
    bool may_be_in_files() const;
};

/// A value of the configuration, of a setting or of an unknown name with a dot in it.
struct configured_value {
    std::string text;
    setting_source source = setting_source::built_in;
    std::string file;
    int line = 0;
    bool pending_restart = false;  ///< the file says something else, which needs a restart
};
using configured_values = std::map<std::string, configured_value, std::less<>>;  ///< by lower-case name

/// Every known parameter, in the order of SHOW ALL.
std::vector<setting_definition> const& setting_definitions();
/// Case is ignored; null for an unknown name.
setting_definition const* find_setting(std::string_view name);
/// A text as the setting's value: checked, in its unit, in its spelling. 22023. `before` is the value it replaces.
std::string canonical_setting(setting_definition const& definition, std::string_view text, std::string const& before);

/// The values one session has for the parameters. Names ignore case. Not thread-safe.
///
/// SET in a transaction is undone by its rollback, or by the rollback to a savepoint before it; SET LOCAL also by its commit.
/// Unknown names with a dot in them are taken as PostgreSQL takes customized options; other unknown names raise 42704.
class session_settings {
public:
    session_settings();

    /// What SHOW prints. 42704 for an unknown name.
    std::string show(std::string_view name) const;
    bool is_known(std::string_view name) const;
    /// The value in the setting's own unit, as pg_settings has it.
    std::string raw(std::string_view name) const;
    /// All of a setting's state, for pg_settings.
    struct details {
        std::string now, reset;
        setting_source source = setting_source::built_in;
        std::string file;
        int line = 0;
        bool pending_restart = false;
    };
    details describe(std::string_view name) const;

    /// Checks and sets. `elements` has one entry per value of a list. 22023, 42704, 55P02.
    enum class scope : std::uint8_t { session, transaction };
    void set(std::string_view name, std::string_view text, scope where = scope::session);
    /// Back to the value from the start of the session.
    void reset(std::string_view name);
    void reset_all();
    /// Sets a value that RESET goes back to, as the start-up packet does. 55P02 where sessions may not set it.
    void set_initial(std::string_view name, std::string_view text);
    /// Takes over what the configuration says now, but for what the client or the session has set. Only between
    /// transactions.
    void configure(configured_values const& values);
    /// Sets a parameter users cannot set.
    void set_internal(std::string_view name, std::string_view text);

    /// The end of a transaction.
    void commit();
    void rollback();
    /// A place to roll back to; only inside a transaction.
    std::size_t mark() const { return undo_.size(); }
    void rollback_to(std::size_t mark);

    /// Changes whenever statements may have to be bound anew: names or literals could mean something else.
    std::uint64_t binding_version() const { return binding_version_; }

    /// Called with a reported parameter's name and value after it changed. May be empty.
    std::function<void(std::string_view name, std::string const& now)> on_reported_change;

    // What the session asks for often, kept in step with the texts.
    struct active_values {
        format_settings formats;
        std::vector<std::string> search_path;
        std::int64_t statement_timeout_ms = 0, lock_timeout_ms = 0;
        bool synchronous_commit = true;
        bool reads_locally = false;  ///< phantomdb.read_consistency
        std::int64_t cluster_timeout_ms = 5000;
        bool default_read_only = false;
        std::string default_isolation;  ///< as SHOW has it
        bool caches_statements = true;  ///< plan_cache_mode is not force_custom_plan
        int client_min_level = 3;       ///< position in debug5 … notice … error, see settings.ipp
    };
    active_values const& active() const { return active_; }
    active_values& active() { return active_; }

private:
    struct held {
        setting_definition const* definition = nullptr;  ///< null: a customized option
        std::string initial, session, local;
        bool has_local = false;
        bool is_set = false;  ///< by SET, in this session
        setting_source initial_source = setting_source::built_in;
        std::string file;
        int line = 0;
        bool pending_restart = false;
        std::string const& now() const { return has_local ? local : session; }
    };
    struct undo_step {
        std::string key;
        held before;
    };

    held& find(std::string_view name);
    held const* lookup(std::string_view name) const;
    void change(std::string const& key, held& what, held next);
    void apply(std::string const& key, held const& what);

    std::map<std::string, held, std::less<>> held_;  ///< by lower-case name
    std::vector<undo_step> undo_;
    active_values active_;
    std::uint64_t binding_version_ = 0;
};

/// Reads a boolean as SET does (on, off, true, yes, 1, unambiguous beginnings); -1 if it is none.
int boolean_word(std::string_view text);

/// Splits a list of identifiers ("$user", public) into names.
std::vector<std::string> split_identifiers(std::string_view text);

}  // namespace phantomdb::sql
