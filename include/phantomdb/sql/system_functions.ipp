#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/exec/relation_size.hpp>
#include <phantomdb/sql/catalog_text.hpp>
#include <phantomdb/sql/maintenance.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/system_rows.hpp>
#include <phantomdb/sql/transaction_outcome.hpp>

#include <algorithm>
#include <thread>

namespace phantomdb::sql {

namespace {

/// Answers one question of a function; see query/function_system_list.hpp for the questions.
class system_answer {
public:
    system_answer(session_core& session, exec::call_context& context, std::span<nullable_datum const> arguments)
        : session_(session), catalog_(session.catalog()), context_(context), arguments_(arguments) {}

    nullable_datum operator()(function_id which) {
        switch (which) {
            case function_id::nextval: return number(next(sequence_named(text(0))));
            case function_id::nextval_oid: return number(next(sequence_of(oid(0))));
            case function_id::currval: return number(current(sequence_named(text(0))));
            case function_id::currval_oid: return number(current(sequence_of(oid(0))));
            case function_id::setval: return number(set(sequence_named(text(0)), integer(1), true));
            case function_id::setval_called: return number(set(sequence_named(text(0)), integer(1), integer(2) != 0));
            case function_id::setval_oid: return number(set(sequence_of(oid(0)), integer(1), true));
            case function_id::setval_oid_called: return number(set(sequence_of(oid(0)), integer(1), integer(2) != 0));
            case function_id::lastval: return number(last());

            case function_id::current_setting: return made(setting(text(0)));
            case function_id::current_setting_missing:
                if (arguments_[0].null) return {};
                if (!session_.settings.is_known(text(0)) && !arguments_[1].null && integer(1) != 0) return {};
                return made(setting(text(0)));
            case function_id::set_config: return set_config();

            case function_id::to_regclass: return relation_named(text(0));
            case function_id::to_regtype: {
                auto type = find_type(text(0));
                return type ? number(facts(*type).oid) : nullable_datum{};
            }
            case function_id::format_type: return type_text();

            case function_id::pg_backend_pid: return number(session_.number);
            case function_id::pg_cancel_backend: return interrupt(mvcc::interrupt_reason::user_request);
            case function_id::pg_terminate_backend: return interrupt(mvcc::interrupt_reason::shutdown);

            case function_id::pg_get_indexdef: return index_text(0);
            case function_id::pg_get_indexdef_column: return index_text(integer(1));
            case function_id::pg_get_constraintdef:
            case function_id::pg_get_constraintdef_pretty: return constraint_text();
            case function_id::pg_get_expr:
            case function_id::pg_get_expr_pretty: return arguments_[0];
            case function_id::pg_get_viewdef:
            case function_id::pg_get_viewdef_pretty: {
                auto view = catalog_.view(oid(0));
                return view ? made(" " + view->query + ";") : nullable_datum{};
            }
            case function_id::pg_get_userbyid: {
                auto role = catalog_.role(oid(0));
                return made(role ? role->name : "unknown (OID=" + std::to_string(oid(0)) + ")");
            }
            case function_id::pg_get_serial_sequence: return serial_sequence();
            case function_id::pg_table_is_visible: return visible();
            case function_id::pg_type_is_visible:
            case function_id::pg_function_is_visible: return boolean(true);
            case function_id::obj_description:
            case function_id::obj_description_any: return comment_of(oid(0));
            case function_id::col_description: return column_comment();
            case function_id::shobj_description: {
                auto database = catalog_.database(oid(0));
                return database && !database->comment.empty() ? made(database->comment) : nullable_datum{};
            }
            case function_id::pg_encoding_to_char: return made(integer(0) == 6 ? "UTF8" : "");
            case function_id::pg_relation_size:
            case function_id::pg_table_size: return size_if_there([&] { return size_of(oid(0), false); });
            case function_id::pg_relation_size_fork: return fork_size();
            case function_id::pg_total_relation_size: return size_if_there([&] { return size_of(oid(0), true); });
            case function_id::pg_size_pretty: return made(pretty_size(integer(0)));
            case function_id::pg_is_in_recovery: return boolean(session_.follows);

            case function_id::has_table_privilege: return has_table(text(0));
            case function_id::has_table_privilege_user: return has_table(text(1));
            case function_id::has_table_privilege_oid:
            case function_id::has_schema_privilege:
            case function_id::has_schema_privilege_user:
            case function_id::has_schema_privilege_oid:
            case function_id::has_database_privilege:
            case function_id::has_database_privilege_user:
            case function_id::pg_has_role: return boolean(true);  // every role may do everything

            case function_id::pg_advisory_lock: return advisory_lock(mvcc::lock_wait::block), made("");
            case function_id::pg_try_advisory_lock: return boolean(advisory_lock(mvcc::lock_wait::skip));
            case function_id::pg_advisory_unlock: return advisory_unlock();
            case function_id::pg_advisory_unlock_all: return unlock_all(), made("");
            case function_id::pg_advisory_xact_lock: return transaction_lock(mvcc::lock_wait::block), made("");
            case function_id::pg_try_advisory_xact_lock: return boolean(transaction_lock(mvcc::lock_wait::skip));
            case function_id::txid_current: return number(static_cast<std::int64_t>(session_.transaction->id()));
            case function_id::pg_sleep: return sleep(), made("");

            case function_id::array_to_string: return joined(text(0), text(1));
            case function_id::current_schemas: return schemas(integer(0) != 0);
            case function_id::pg_get_function_result:
            case function_id::pg_get_function_arguments:
            case function_id::pg_get_function_identity_arguments: return function_text(which);
            // There are no partitions, triggers, rules or statistics objects to describe.
            case function_id::pg_partition_ancestors:
            case function_id::pg_get_triggerdef:
            case function_id::pg_get_triggerdef_pretty:
            case function_id::pg_get_ruledef:
            case function_id::pg_get_ruledef_pretty:
            case function_id::pg_get_partkeydef:
            case function_id::pg_get_statisticsobjdef_columns: return {};
            case function_id::pg_tablespace_location: return made("");
            case function_id::pg_relation_is_publishable: return boolean(catalog_.table(oid(0)) != nullptr);
            case function_id::pg_indexes_size:
                return size_if_there([&] { return size_of(oid(0), true) - size_of(oid(0), false); });
            case function_id::pg_database_size: return number(database_size(oid(0)));
            case function_id::pg_database_size_name: {
                auto const* database = catalog_.find_database(text(0));
                if (!database) {
                    throw error(errc::invalid_catalog_name, "database \"" + std::string(text(0)) + "\" does not exist");
                }
                return number(database_size(database->id));
            }
            case function_id::pg_postmaster_start_time: return number(session_.shared.opened_at);
            case function_id::pg_my_temp_schema: return number(0);
            case function_id::pg_is_other_temp_schema: return boolean(false);
            case function_id::pg_collation_is_visible:
            case function_id::pg_operator_is_visible:
            case function_id::pg_opclass_is_visible:
            case function_id::has_sequence_privilege:
            case function_id::has_function_privilege:
            case function_id::has_column_privilege:
            case function_id::has_any_column_privilege: return boolean(true);
            case function_id::to_regnamespace: {
                auto const* schema = catalog_.find_schema(session_.database, text(0));
                return schema ? number(schema->id) : nullable_datum{};
            }
            case function_id::to_regrole: {
                auto const* role = catalog_.find_role(text(0));
                return role ? number(role->id) : nullable_datum{};
            }
            case function_id::pg_stat_reset: return reset_statistics(), made("");
            case function_id::pg_stat_reset_table: return session_.shared.usage.forget(oid(0)), made("");
            case function_id::pg_stat_force_next_flush:  // what statements counted is there when they end
            case function_id::pg_stat_clear_snapshot: return made("");
            case function_id::pg_reload_conf:
                return (session_.shared.reload(), boolean(true));  // as a signal: said is said
            case function_id::regclass_text: return made(relation_text(oid(0)));
            case function_id::transaction_id: return made(transaction_id_of(session_));
            case function_id::transaction_status: {
                auto const known = transaction_status_of(session_, text(0));
                return known ? made(*known) : nullable_datum{};
            }
            case function_id::add_node:
                return change_members([&](auto& group) { group.add_member(node(0), std::string(text(1))); });
            case function_id::remove_node: return change_members([&](auto& group) { group.remove_member(node(0)); });
            case function_id::transfer_leadership:
                return change_members([&](auto& group) { group.transfer_leadership(node(0)); });
            case function_id::phantomdb_backup: return number(backup(std::string(text(0))));
            default: break;
        }
        throw error(errc::internal_error,
                    "function " + std::string(signature_of(which).name) + " is not answered by the session");
    }

private:
    std::string_view text(std::size_t i) const { return arguments_[i].value.t; }
    std::int64_t integer(std::size_t i) const { return arguments_[i].value.i; }
    schema::object_id oid(std::size_t i) const { return static_cast<schema::object_id>(arguments_[i].value.i); }
    static nullable_datum number(std::int64_t value) { return datum{value}; }
    static nullable_datum boolean(bool value) { return datum{static_cast<std::int64_t>(value)}; }
    nullable_datum made(std::string_view value) { return datum{context_.memory.copy(value)}; }

    // ---- names ----

    std::optional<schema::relation_reference> find(std::string_view written) const {
        auto parts = split_name(written);
        std::string schema = parts.size() > 1 ? parts[parts.size() - 2] : std::string();
        return parts.empty() ? std::nullopt : session_.names().find(schema, parts.back());
    }
    static std::vector<std::string> split_name(std::string_view written) {
        std::vector<std::string> parts(1);
        for (std::size_t i = 0; i < written.size(); ++i) {
            char c = written[i];
            if (c == '"') {
                for (++i;
                     i < written.size() && !(written[i] == '"' && (i + 1 >= written.size() || written[i + 1] != '"'));
                     ++i) {
                    if (written[i] == '"') ++i;
                    parts.back() += written[i];
                }
            } else if (c == '.') {
                parts.emplace_back();
            } else {
                parts.back() += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            }
        }
        return parts;
    }
    nullable_datum relation_named(std::string_view written) const {
        auto found = find(written);
        return found ? number(found->id) : nullable_datum{};
    }

    std::shared_ptr<schema::sequence_descriptor const> sequence_named(std::string_view written) const {
        if (!written.empty() &&
            std::all_of(written.begin(), written.end(), [](char c) { return c >= '0' && c <= '9'; })) {
            return sequence_of(static_cast<schema::object_id>(std::stoul(std::string(written))));
        }
        auto found = find(written);
        if (!found) throw error(errc::undefined_table, "relation \"" + std::string(written) + "\" does not exist");
        if (found->type != schema::relation_type::sequence) {
            throw error(errc::wrong_object_type, "\"" + split_name(written).back() + "\" is not a sequence");
        }
        return catalog_.sequence(found->id);
    }
    std::shared_ptr<schema::sequence_descriptor const> sequence_of(schema::object_id id) const {
        auto found = catalog_.sequence(id);
        if (!found) throw error(errc::undefined_table, "could not open relation with OID " + std::to_string(id));
        return found;
    }

    // ---- sequences ----

    std::int64_t next(std::shared_ptr<schema::sequence_descriptor const> const& sequence) {
        if (session_.read_only) throw session_.refuse_writing("cannot execute nextval() in a read-only transaction");
        std::int64_t value = session_.shared.sequences.next(*sequence);
        session_.sequence_values[sequence->id] = value;
        session_.last_sequence = sequence->id;
        return value;
    }
    std::int64_t current(std::shared_ptr<schema::sequence_descriptor const> const& sequence) const {
        auto found = session_.sequence_values.find(sequence->id);
        if (found == session_.sequence_values.end()) {
            throw error(errc::object_not_in_prerequisite_state,
                        "currval of sequence \"" + sequence->name + "\" is not yet defined in this session");
        }
        return found->second;
    }
    std::int64_t set(std::shared_ptr<schema::sequence_descriptor const> const& sequence, std::int64_t value,
                     bool called) {
        if (session_.read_only) throw session_.refuse_writing("cannot execute setval() in a read-only transaction");
        session_.shared.sequences.set(*sequence, value, called);
        if (called) session_.sequence_values[sequence->id] = value;
        return value;
    }
    std::int64_t last() const {
        auto found = session_.sequence_values.find(session_.last_sequence);
        if (found == session_.sequence_values.end()) {
            throw error(errc::object_not_in_prerequisite_state, "lastval is not yet defined in this session");
        }
        return found->second;
    }
    nullable_datum serial_sequence() {
        auto found = find(text(0));
        if (!found || found->type != schema::relation_type::table) {
            throw error(errc::undefined_table, "relation \"" + std::string(text(0)) + "\" does not exist");
        }
        auto table = catalog_.table(found->id);
        int column = table->find_column(text(1));
        if (column < 0) {
            throw error(errc::undefined_column,
                        "column \"" + std::string(text(1)) + "\" of relation \"" + table->name + "\" does not exist");
        }
        for (auto const& [id, sequence] : catalog_.sequences()) {
            if (sequence->owner_table == table->id && sequence->owner_column == column) {
                return made(quote_name(sequence->schema_name) + "." + quote_name(sequence->name));
            }
        }
        return {};
    }

    // ---- settings ----

    std::string setting(std::string_view name) const {
        if (name == "transaction_isolation") return isolation_name(session_.level);
        if (name == "transaction_read_only") return session_.read_only ? "on" : "off";
        return session_.settings.show(name);
    }
    nullable_datum set_config() {
        if (arguments_[0].null) throw error(errc::null_value_not_allowed, "SET requires parameter name");
        bool local = !arguments_[2].null && integer(2) != 0;
        if (arguments_[1].null) session_.settings.reset(text(0));
        else
            session_.settings.set(text(0), text(1),
                                  local ? session_settings::scope::transaction : session_settings::scope::session);
        return made(session_.settings.show(text(0)));
    }

    // ---- the catalog as text ----

    std::function<bool(schema::object_id)> visibility() const {
        auto path = session_.names().search_path;
        return [path](schema::object_id schema) { return std::find(path.begin(), path.end(), schema) != path.end(); };
    }

    nullable_datum type_text() {
        if (arguments_[0].null) return {};
        auto found = type_by_oid(oid(0));
        if (!found.found) {
            for (auto const& type : type_table) {
                if (type.array_oid != 0 && type.array_oid == oid(0)) return made(std::string(type.name) + "[]");
            }
            return made(oid(0) == 0 ? "-" : "???");
        }
        sql_type type{found.id, -1};
        if (!arguments_[1].null && integer(1) >= 0) {
            bool header = type.id == type_id::varchar || type.id == type_id::bpchar || type.id == type_id::numeric;
            type.modifier = static_cast<std::int32_t>(integer(1)) - (header ? 4 : 0);
        }
        return made(format_type(type));
    }

    nullable_datum index_text(std::int64_t column) {
        for (auto const& [id, table] : catalog_.tables()) {
            for (auto const& index : table->indexes) {
                if (index.id != oid(0)) continue;
                if (column == 0) return made(index_definition(*table, index));
                if (column > static_cast<std::int64_t>(index.keys.size())) return made("");
                auto const& key = index.keys[static_cast<std::size_t>(column - 1)];
                return made(quote_name(table->columns[static_cast<std::size_t>(key.column)].name));
            }
        }
        return {};
    }

    nullable_datum constraint_text() {
        for (auto const& [id, table] : catalog_.tables()) {
            for (auto const& index : table->indexes) {
                if (index.constraint && derived_id(id, index.name) == oid(0))
                    return made(index_constraint_definition(*table, index));
            }
            for (auto const& check : table->checks) {
                if (derived_id(id, check.name) == oid(0)) return made(check_definition(check));
            }
            for (auto const& key : table->foreign_keys) {
                if (derived_id(id, key.name) == oid(0))
                    return made(foreign_key_definition(catalog_, *table, key, visibility()));
            }
        }
        return {};
    }

    nullable_datum visible() const {
        auto is_visible = [&](schema::object_id schema, std::string const& name) {
            auto found = session_.names().find({}, name);
            return boolean(found && found->id == oid(0) && visibility()(schema));
        };
        if (auto table = catalog_.table(oid(0))) return is_visible(table->schema, table->name);
        if (auto view = catalog_.view(oid(0))) return is_visible(view->schema, view->name);
        if (auto sequence = catalog_.sequence(oid(0))) return is_visible(sequence->schema, sequence->name);
        for (auto const& [id, table] : catalog_.tables()) {
            for (auto const& index : table->indexes) {
                if (index.id == oid(0)) return is_visible(table->schema, index.name);
            }
        }
        return {};
    }

    nullable_datum comment_of(schema::object_id id) {
        auto shown = [&](std::string const& comment) { return comment.empty() ? nullable_datum{} : made(comment); };
        if (auto table = catalog_.table(id)) return shown(table->comment);
        if (auto view = catalog_.view(id)) return shown(view->comment);
        if (auto sequence = catalog_.sequence(id)) return shown(sequence->comment);
        if (auto schema = catalog_.schema(id)) return shown(schema->comment);
        for (auto const& [table_id, table] : catalog_.tables()) {
            for (auto const& index : table->indexes) {
                if (index.id == id || derived_id(table_id, index.name) == id) return shown(index.comment);
            }
        }
        return {};
    }
    nullable_datum column_comment() {
        auto at = static_cast<std::size_t>(integer(1) - 1);
        std::vector<schema::column_descriptor> const* columns = nullptr;
        auto table = catalog_.table(oid(0));
        auto view = catalog_.view(oid(0));
        if (table) columns = &table->columns;
        if (view) columns = &view->columns;
        if (!columns || at >= columns->size() || (*columns)[at].comment.empty()) return {};
        return made((*columns)[at].comment);
    }

    /// A relation as regclass prints it: with its schema where that is not in the search path.
    std::string relation_text(schema::object_id id) const {
        auto shown = [&](schema::object_id schema, std::string const& schema_name, std::string const& name) {
            return (visibility()(schema) ? "" : quote_name(schema_name) + ".") + quote_name(name);
        };
        if (auto table = catalog_.table(id)) return shown(table->schema, table->schema_name, table->name);
        if (auto view = catalog_.view(id)) return shown(view->schema, view->schema_name, view->name);
        if (auto sequence = catalog_.sequence(id))
            return shown(sequence->schema, sequence->schema_name, sequence->name);
        for (auto const& [table_id, table] : catalog_.tables()) {
            for (auto const& index : table->indexes) {
                if (index.id == id) return shown(table->schema, table->schema_name, index.name);
            }
        }
        return id == 0 ? "-" : std::to_string(id);
    }

    /// The elements of a list written as arrays are, '{a,b}'.
    nullable_datum joined(std::string_view list, std::string_view between) {
        if (list.size() < 2 || list.front() != '{' || list.back() != '}') return made(list);
        std::string text;
        for (char c : list.substr(1, list.size() - 2)) {
            if (c == ',') text += between;
            else text += c;
        }
        return made(text);
    }
    nullable_datum schemas(bool implicit) {
        std::string text;
        for (schema::object_id id : session_.names().search_path) {
            if (id == schema::pg_catalog_id && !implicit) continue;
            text += (text.empty() ? "" : ",") + catalog_.schema(id)->name;
        }
        return made("{" + text + "}");
    }
    nullable_datum function_text(function_id which) {
        auto at = static_cast<std::size_t>(oid(0)) - first_function_id;
        if (oid(0) < first_function_id || at >= function_table.size()) return {};
        function_signature const& f = function_table[at];
        auto name = [](type_id type) {
            return is_polymorphic(type) ? std::string("anyelement") : std::string(facts(type).name);
        };
        if (which == function_id::pg_get_function_result) {
            return made((f.is_set_returning() ? "SETOF " : "") + name(f.result));
        }
        std::string text;
        for (std::size_t i = 0; i < f.argument_count; ++i) {
            bool last = f.is_variadic() && i + 1u == f.argument_count;
            text += (i ? ", " : "") + std::string(last ? "VARIADIC " : "") + name(f.arguments[i]);
        }
        return made(text);
    }

    // ---- sizes ----

    std::int64_t database_size(schema::object_id database) const {
        std::int64_t bytes = 0;
        for (auto const& [id, table] : catalog_.tables()) {
            auto home = catalog_.schema(table->schema);
            if (home && home->database == database) bytes += size_of(id, true);
        }
        return bytes;
    }

    std::int64_t size_of(schema::object_id id, bool with_indexes) const {
        auto bytes_below = [&](schema::object_id prefix) {
            context_.check_cancelled();
            return static_cast<std::int64_t>(exec::stored_bytes(session_.transaction->view(), prefix));
        };
        if (id < schema::first_user_id) return 0;
        std::int64_t bytes = bytes_below(id);
        if (auto table = catalog_.table(id); table && with_indexes) {
            for (auto const& index : table->indexes) {
                if (!index.primary) bytes += bytes_below(index.id);
            }
        }
        return bytes;
    }
    bool is_relation(schema::object_id id) const {
        if (catalog_.table(id) || catalog_.view(id) || catalog_.sequence(id)) return true;
        return std::ranges::any_of(catalog_.tables(), [&](auto const& one) {
            return std::ranges::any_of(one.second->indexes, [&](auto const& index) { return index.id == id; });
        });
    }
    template <class Size>
    nullable_datum size_if_there(Size const& size) const {
        if (!is_relation(oid(0))) return {};
        return number(size());
    }
    /// Everything of a relation is in its main fork.
    nullable_datum fork_size() const {
        if (text(1) != "main" && text(1) != "fsm" && text(1) != "vm" && text(1) != "init") {
            throw error(errc::invalid_parameter_value, "invalid fork name")
                .with_hint("Valid fork names are \"main\", \"fsm\", \"vm\", and \"init\".");
        }
        return size_if_there([&] { return text(1) == "main" ? size_of(oid(0), false) : 0; });
    }

    void reset_statistics() {
        session_.shared.usage.reset(session_.database, session_.clock(), [&](schema::object_id id) {
            for (auto const& [table_id, table] : catalog_.tables()) {
                auto home = catalog_.schema(table->schema);
                if (!home || home->database != session_.database) continue;
                if (table_id == id) return true;
                for (auto const& index : table->indexes) {
                    if (index.id == id) return true;
                }
            }
            return false;
        });
    }
    static std::string pretty_size(std::int64_t bytes) {
        static constexpr char const* units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
        std::size_t unit = 0;
        std::int64_t size = bytes;
        // As PostgreSQL: the next unit from ten of them on, rounded half up.
        bool halved = false;
        while (unit < 5 && (size < 0 ? -size : size) >= (halved ? 20480 : 10240)) {
            size /= unit == 0 ? 512 : 1024;
            halved = true;
            ++unit;
        }
        if (halved) size = (size + (size < 0 ? -1 : 1)) / 2;
        return std::to_string(size) + " " + units[unit];
    }

    nullable_datum has_table(std::string_view name) const {
        if (!find(name)) throw error(errc::undefined_table, "relation \"" + std::string(name) + "\" does not exist");
        return boolean(true);
    }

    // ---- the data directory ----

    std::int64_t backup(std::string const& file) {
        session_.require_superuser("write a backup");
        if (!file.starts_with('/')) {
            throw error(errc::invalid_name,
                        "a backup is written to an absolute path on the server, not to \"" + file + "\"");
        }
        std::unique_lock const alone(session_.shared.backup_mutex, std::try_to_lock);
        if (!alone) throw error(errc::object_in_use, "another session is writing a backup");
        auto const progress = [&](std::string_view, std::uint64_t, std::uint64_t) { session_.cancel.check(); };
        return static_cast<std::int64_t>(write_backup(*session_.shared.shard, file, progress).bytes);
    }

    // ---- other sessions ----

    nullable_datum interrupt(mvcc::interrupt_reason why) {
        auto wanted = static_cast<std::int32_t>(integer(0));
        std::lock_guard hold(session_.shared.sessions_mutex);
        auto found = session_.shared.sessions.find(wanted);
        if (found == session_.shared.sessions.end()) return boolean(false);
        found->second.core->interrupt(why);
        return boolean(true);
    }

    raft::node_id node(std::size_t i) const {
        if (integer(i) > 0) return static_cast<raft::node_id>(integer(i));
        throw error(errc::invalid_parameter_value, std::to_string(integer(i)) + " is not the number of a node");
    }
    template <class Change>
    nullable_datum change_members(Change const& change) {
        session_.require_superuser("change the members of the cluster");
        if (!session_.shared.replica) {
            throw error(errc::object_not_in_prerequisite_state, "this server is no node of a cluster")
                .with_hint("Start phantomd with --node-id and --peers.");
        }
        change(*session_.shared.replica);
        return made("");
    }

    static std::string advisory_key(std::int64_t key) {
        std::string bytes;
        schema::append_id(bytes, schema::lock_names_id);
        bytes += "advisory";
        for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(key >> shift));
        return bytes;
    }
    bool advisory_lock(mvcc::lock_wait wait) {
        auto& held = session_.advisory[integer(0)];
        if (held.count > 0) return ++held.count, true;
        if (!held.owner) {
            constexpr std::uint64_t of_sessions = std::uint64_t{1} << 63;
            held.owner = std::make_unique<mvcc::lock_owner>(of_sessions | session_.shared.advisory_owner.fetch_add(1));
        }
        bool got = session_.shared.shard->locks().acquire(
            *held.owner, advisory_key(integer(0)), mvcc::lock_mode::update, wait,
            std::chrono::milliseconds(session_.settings.active().lock_timeout_ms), &session_.cancel);
        if (got) ++held.count;
        return got;
    }
    nullable_datum advisory_unlock() {
        auto found = session_.advisory.find(integer(0));
        if (found == session_.advisory.end() || found->second.count == 0) {
            session_.note(severity::warning, errc::warning, "you don't own a lock of type ExclusiveLock");
            return boolean(false);
        }
        if (--found->second.count == 0) session_.shared.shard->locks().release_all(*found->second.owner);
        return boolean(true);
    }
    void unlock_all() { session_.release_advisory(); }
    bool transaction_lock(mvcc::lock_wait wait) {
        return session_.transaction->lock(advisory_key(integer(0)), mvcc::lock_mode::update, wait);
    }

    void sleep() const {
        auto until =
            std::chrono::steady_clock::now() + std::chrono::duration<double>(std::max(0.0, arguments_[0].value.d));
        while (std::chrono::steady_clock::now() < until) {
            session_.cancel.check();
            auto left = until - std::chrono::steady_clock::now();
            std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(left, std::chrono::milliseconds(10)));
        }
    }

    session_core& session_;
    schema::catalog const& catalog_;
    exec::call_context& context_;
    std::span<nullable_datum const> arguments_;
};

}  // namespace

nullable_datum session_core::ask(function_id which, exec::call_context& context,
                                 std::span<nullable_datum const> arguments) {
    return system_answer(*this, context, arguments)(which);
}

void session_core::check_database(exec::call_context&,
                                  std::function<bool(std::span<nullable_datum const>)> const& emit) {
    require_superuser("check the database");
    bool wanted = true;
    check_report report;
    report.on_problem = [&](std::string const& object, std::string const& problem) {
        nullable_datum const row[] = {datum{std::string_view(object)}, datum{std::string_view(problem)}};
        wanted = wanted && emit(row);
    };
    report.progress = [&](std::string_view, std::uint64_t, std::uint64_t) { cancel.check(); };
    sql::check_database(*shared.shard, shared.catalog, report);
}

void session_core::require_superuser(std::string_view what) const {
    auto const* const role = catalog().find_role(options.user);
    if (role && role->superuser) return;
    throw error(errc::insufficient_privilege, "must be superuser to " + std::string(what));
}

void session_core::release_advisory() {
    for (auto& [key, held] : advisory) {
        if (held.count > 0) shared.shard->locks().release_all(*held.owner);
    }
    advisory.clear();
}

}  // namespace phantomdb::sql
