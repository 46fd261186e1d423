#include <phantomdb/query/function.hpp>
#include <phantomdb/sql/access_methods.hpp>
#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/ddl_drop.hpp>
#include <phantomdb/sql/ddl_rows.hpp>
#include <phantomdb/sql/maintenance_work.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/sql/types.hpp>
#include <phantomdb/value/castable.hpp>

#include <algorithm>

namespace phantomdb::sql::ddl {

namespace {

/// The commands of one ALTER TABLE, one after the other; each finishes its edit, so that the next sees it.
class table_alteration {
public:
    table_alteration(session_core& session, std::string_view text, schema::object_id table)
        : session_(session), text_(text), id_(table) {}

    void run(ast command) {
        std::string_view what = command.text("subtype");
        std::string name(command.text("name"));
        bool cascade = command.text("behavior") == "DROP_CASCADE", missing_ok = command.flag("missing_ok");
        if (what == "AT_AddColumn") add_column(command["def"], missing_ok);
        else if (what == "AT_DropColumn") drop_column(name, cascade, missing_ok);
        else if (what == "AT_ColumnDefault") set_default(name, command["def"]);
        else if (what == "AT_SetNotNull") set_not_null(name, true);
        else if (what == "AT_DropNotNull") set_not_null(name, false);
        else if (what == "AT_AddConstraint") add_constraint(command["def"]);
        else if (what == "AT_DropConstraint") drop_constraint(name, cascade, missing_ok);
        else if (what == "AT_AlterColumnType") change_type(name, command["def"]);
        else if (what == "AT_ValidateConstraint") validate(name);
        else if (what == "AT_AddIdentity") add_identity(name, command["def"]);
        else if (what == "AT_SetIdentity") set_identity(name, command["def"].list("items"));
        else if (what == "AT_DropIdentity") drop_identity(name, missing_ok);
        else if (what == "AT_DropExpression") drop_expression(name, missing_ok);
        else if (what == "AT_SetAccessMethod") set_access_method(name);
        else if (what == "AT_ChangeOwner" || what == "AT_SetStatistics" || what == "AT_SetStorage" ||
                 what == "AT_ClusterOn" || what == "AT_DropCluster" || what == "AT_SetRelOptions" ||
                 what == "AT_ResetRelOptions" || what == "AT_SetOptions" || what == "AT_ResetOptions" ||
                 what == "AT_SetLogged" || what == "AT_ReplicaIdentity" || what == "AT_EnableTrigAll" ||
                 what == "AT_DisableTrigAll" || what == "AT_EnableTrigUser" || what == "AT_DisableTrigUser") {
            return;  // settings of what PhantomDB does not have
        } else {
            throw error(errc::feature_not_supported, "this form of ALTER TABLE is not supported")
                .with_detail(std::string(what));
        }
        session_.finish_edit();
    }

private:
    std::shared_ptr<schema::table_descriptor const> now() { return session_.edit().now().table(id_); }

    std::string written() { return quote_name(now()->schema_name) + "." + quote_name(now()->name); }

    /// Reads every living column of the table; `expression(i)` may stand in for one.
    template <class Expression>
    std::string reading(schema::table_descriptor const& table, Expression const& expression) {
        std::string list;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            if (table.columns[i].dropped) continue;
            std::string instead = expression(i);
            list += (list.empty() ? "" : ", ") + (instead.empty() ? quote_name(table.columns[i].name) : instead);
        }
        return "SELECT " + list + " FROM " + written();
    }
    std::string reading(schema::table_descriptor const& table) {
        return reading(table, [](std::size_t) { return std::string(); });
    }

    /// Text of an expression whose clause begins with `word`.
    std::string expression_text(std::string_view word, ast expression) {
        std::size_t begin = 0;
        auto location = static_cast<std::size_t>(std::max<std::int64_t>(expression.location(), 0));
        token_reader reader(text_);
        for (token t = reader.next(); !t.text.empty() && t.begin < location; t = reader.next()) {
            if (t.is_word(word)) begin = t.end();
        }
        return std::string(clause(text_, begin));
    }

    bool has_rows() {
        bool any = false;
        session_.query("SELECT 1 FROM " + written() + " LIMIT 1", [&](std::span<nullable_datum const>) { any = true; });
        return any;
    }

    bool is_volatile(std::string const& expression) {
        bind_context context = session_.binding();
        parsed_script script = parse("SELECT " + expression);
        bound_statement bound = sql::bind(script.statements().front().node, {}, context);
        return std::any_of(bound.query.expressions.begin(), bound.query.expressions.end(),
                           [](query::expression const& e) {
                               return e.kind == query::expression_kind::call &&
                                      signature_of(e.function).changes() == volatility::volatile_;
                           });
    }

    void finish(table_builder& builder, bool validate_now) {
        auto before = session_.catalog().table(id_);
        builder.finish();
        session_.finish_edit();
        auto after = session_.catalog().table(id_);
        bool rekeyed = (before->primary_key() == nullptr) != (after->primary_key() == nullptr);
        if (rekeyed) {
            for (auto const& key : after->primary_key()->keys) {
                verify_not_null(session_, *after, static_cast<std::size_t>(key.column));
            }
            // The rows still lie as `before` says: they are read through it.
            schema::table_descriptor old_keys = *after;
            old_keys.indexes = before->indexes;
            session_.edit().put(old_keys);
            try {
                rewrite(session_, *before, *after, reading(*after));
            } catch (error& wrong) {
                if (wrong.code != errc::unique_violation) throw;
                wrong.message = "could not create unique index \"" + wrong.constraint_name + "\"";
                if (auto at = wrong.detail.find(" already exists."); at != std::string::npos) {
                    wrong.detail.replace(at, std::string::npos, " is duplicated.");
                }
                throw;
            }
        } else {
            for (auto const& index : builder.new_indexes) {
                for (std::size_t i = 0; i < after->indexes.size(); ++i) {
                    if (after->indexes[i].id == index.id) fill_index(session_, *after, i);
                }
            }
        }
        if (!validate_now) return;
        for (auto const& check : builder.new_checks) verify_check(session_, *after, check);
        for (auto const& key : builder.new_foreign_keys) verify_foreign_key(session_, *after, key);
    }

    void add_column(ast definition, bool missing_ok) {
        std::string name(definition.text("colname"));
        schema::table_descriptor before = *now();
        if (missing_ok && before.find_column(name) >= 0) {
            session_.note(severity::notice, errc::duplicate_column,
                          "column \"" + name + "\" of relation \"" + before.name + "\" already exists, skipping");
            return;
        }
        bool filled = has_rows();
        table_builder builder(session_, text_, before, false);
        builder.add_column(definition);
        schema::column_descriptor& column = builder.table.columns.back();
        bool computed = column.generated != schema::generation::none || column.sequence != 0;
        std::string expression = column.default_expression;
        bool needs_rewrite = false;
        if (filled && !expression.empty()) {
            needs_rewrite = computed || is_volatile(expression);
            if (!needs_rewrite) column.missing = session_.default_of(builder.table, builder.table.columns.size() - 1);
        }
        bool is_null = !needs_rewrite && (!column.missing || column.missing->is_null());
        if (filled && column.not_null && is_null) {
            throw error(errc::not_null_violation,
                        "column \"" + name + "\" of relation \"" + before.name + "\" contains null values")
                .on_table(before.schema_name, before.name)
                .on_column(name);
        }
        std::size_t added = builder.table.columns.size() - 1;
        sql_type type = column.type;
        if (needs_rewrite) {
            // Bound and put in place first; then every row is written with its value.
            auto new_checks = builder.new_checks;
            auto new_keys = builder.new_foreign_keys;
            builder.finish();
            session_.finish_edit();
            schema::table_descriptor after = *session_.catalog().table(id_);
            rewrite(session_, before, after, reading(after, [&](std::size_t i) {
                        return i == added ? "CAST((" + expression + ") AS " + format_type(type) + ")" : std::string();
                    }));
            for (auto const& check : new_checks) verify_check(session_, after, check);
            for (auto const& key : new_keys) verify_foreign_key(session_, after, key);
            return;
        }
        finish(builder, filled);
    }

    void set_default(std::string const& name, ast expression) {
        schema::table_descriptor table = *now();
        auto& column = table.columns[static_cast<std::size_t>(column_named(table, name))];
        if (column.generated == schema::generation::always_stored) {
            throw error(errc::syntax_error,
                        "column \"" + name + "\" of relation \"" + table.name + "\" is a generated column");
        }
        if (column.generated != schema::generation::none) {
            throw error(errc::syntax_error,
                        "column \"" + name + "\" of relation \"" + table.name + "\" is an identity column");
        }
        column.default_expression = expression ? expression_text("default", expression) : std::string();
        table_builder(session_, text_, std::move(table), false).finish();
    }

    void set_not_null(std::string const& name, bool wanted) {
        schema::table_descriptor table = *now();
        auto ordinal = static_cast<std::size_t>(column_named(table, name));
        auto& column = table.columns[ordinal];
        if (!wanted) {
            if (column.generated == schema::generation::always_as_identity ||
                column.generated == schema::generation::by_default_as_identity) {
                throw error(errc::syntax_error,
                            "column \"" + name + "\" of relation \"" + table.name + "\" is an identity column");
            }
            if (auto const* primary = table.primary_key()) {
                for (auto const& key : primary->keys) {
                    if (static_cast<std::size_t>(key.column) == ordinal) {
                        throw error(errc::invalid_table_definition, "column \"" + name + "\" is in a primary key");
                    }
                }
            }
        } else if (!column.not_null) {
            verify_not_null(session_, table, ordinal);
        }
        column.not_null = wanted;
        session_.edit().put(std::move(table));
    }

    void add_constraint(ast constraint) {
        table_builder builder(session_, text_, *now(), false);
        builder.add_constraint(constraint);
        finish(builder, !constraint.flag("skip_validation"));
    }

    void validate(std::string const& name) {
        auto table = now();
        bool found = false;
        for (auto const& check : table->checks) {
            if (check.name == name) verify_check(session_, *table, check), found = true;
        }
        for (auto const& key : table->foreign_keys) {
            if (key.name == name) verify_foreign_key(session_, *table, key), found = true;
        }
        if (!found) throw_no_constraint(*table, name);
    }

    [[noreturn]] static void throw_no_constraint(schema::table_descriptor const& table, std::string const& name) {
        throw error(errc::undefined_object,
                    "constraint \"" + name + "\" of relation \"" + table.name + "\" does not exist");
    }

    /// Removes an index; where it was the primary key, the rows get numbers for keys.
    void remove_index(std::size_t at) {
        schema::table_descriptor before = *now(), after = before;
        after.indexes.erase(after.indexes.begin() + static_cast<std::ptrdiff_t>(at));
        if (before.indexes[at].primary) {
            rewrite(session_, before, after, reading(before));
        } else {
            erase_all(session_, before.indexes[at].id);
            session_.edit().put(std::move(after));
        }
    }

    /// Foreign keys of other tables that need this index; dropped with CASCADE, else in the way.
    void release_references(schema::table_descriptor const& table, schema::index_descriptor const& index,
                            std::string const& what, bool cascade) {
        if (!cascade) return require_no_reference(session_, table, index, what);
        auto referring = table.referenced_by;
        for (schema::object_id id : referring) {
            auto child = session_.edit().now().table(id);
            auto keys = child->foreign_keys;
            for (auto const& key : keys) {
                bool covers = key.referenced_table == table.id && key.referenced_columns.size() == index.keys.size() &&
                              std::all_of(index.keys.begin(), index.keys.end(), [&](auto const& part) {
                                  return std::find(key.referenced_columns.begin(), key.referenced_columns.end(),
                                                   part.column) != key.referenced_columns.end();
                              });
                if (!covers) continue;
                session_.note(severity::notice, sqlstate{"00000"},
                              "drop cascades to constraint " + key.name + " on table " + child->name);
                remove_foreign_key(session_, id, key.name);
            }
        }
    }

    void drop_constraint(std::string const& name, bool cascade, bool missing_ok) {
        schema::table_descriptor table = *now();
        auto named = [&](auto const& one) { return one.name == name; };
        if (auto check = std::find_if(table.checks.begin(), table.checks.end(), named); check != table.checks.end()) {
            table.checks.erase(check);
            return session_.edit().put(std::move(table));
        }
        if (std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), named)) {
            return remove_foreign_key(session_, id_, name);
        }
        for (std::size_t i = 0; i < table.indexes.size(); ++i) {
            if (!table.indexes[i].constraint || table.indexes[i].name != name) continue;
            release_references(table, table.indexes[i], "constraint " + name + " on table " + table.name, cascade);
            return remove_index(i);
        }
        if (!missing_ok) throw_no_constraint(table, name);
        session_.note(severity::notice, errc::undefined_object,
                      "constraint \"" + name + "\" of relation \"" + table.name + "\" does not exist, skipping");
    }

    void drop_column(std::string const& name, bool cascade, bool missing_ok) {
        auto start = now();
        if (missing_ok && start->find_column(name) < 0) {
            session_.note(severity::notice, errc::undefined_column,
                          "column \"" + name + "\" of relation \"" + start->name + "\" does not exist, skipping");
            return;
        }
        std::int16_t ordinal = column_named(*start, name);
        auto uses = [&](std::vector<std::int16_t> const& columns) {
            return std::find(columns.begin(), columns.end(), ordinal) != columns.end();
        };
        std::string what = "column " + name + " of table " + start->name;
        drop_views_using(name, what, cascade);
        // Everything of the table's own that has the column in it goes with it.
        for (std::size_t i = now()->indexes.size(); i-- > 0;) {
            auto table = now();
            bool has = std::any_of(table->indexes[i].keys.begin(), table->indexes[i].keys.end(),
                                   [&](auto const& key) { return key.column == ordinal; });
            if (!has) continue;
            release_references(*table, table->indexes[i], what, cascade);
            remove_index(i);
        }
        std::vector<std::string> keys;
        auto const before = now();
        for (auto const& key : before->foreign_keys) {
            if (uses(key.columns)) keys.push_back(key.name);
        }
        for (auto const& key : keys) remove_foreign_key(session_, id_, key);

        schema::table_descriptor table = *now();
        std::erase_if(table.checks, [&](auto const& check) {
            auto columns = referenced_columns(parse_expression(check.expression).root);
            return std::find(columns.begin(), columns.end(), name) != columns.end();
        });
        for (auto const& column : table.columns) {
            if (column.dropped || column.generated != schema::generation::always_stored || column.name == name)
                continue;
            auto columns = referenced_columns(parse_expression(column.default_expression).root);
            if (std::find(columns.begin(), columns.end(), name) != columns.end()) {
                throw error(errc::dependent_objects_still_exist,
                            "cannot drop " + what + " because other objects depend on it")
                    .with_detail("column " + column.name + " of table " + table.name + " depends on " + what)
                    .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
            }
        }
        auto& column = table.columns[static_cast<std::size_t>(ordinal)];
        std::vector<schema::object_id> owned;
        for (auto const& [id, sequence] : session_.edit().now().sequences()) {
            if (sequence->owner_table == id_ && sequence->owner_column == ordinal) owned.push_back(id);
        }
        for (schema::object_id id : owned) session_.edit().erase(schema::record_kind::sequence, id);
        column.dropped = true;
        column.not_null = false;
        column.generated = schema::generation::none;
        column.default_expression.clear();
        column.missing.reset();
        column.sequence = 0;
        column.comment.clear();
        column.name = "........pg.dropped." + std::to_string(ordinal + 1) + "........";
        session_.edit().put(std::move(table));
    }

    void drop_views_using(std::string const& name, std::string const& what, bool cascade) {
        std::vector<schema::object_id> broken;
        for (schema::object_id id : views_over(session_.edit().now(), id_)) {
            auto columns = referenced_columns(parse(session_.edit().now().view(id)->query).statements().front().node);
            if (std::find(columns.begin(), columns.end(), name) != columns.end()) broken.push_back(id);
        }
        if (broken.empty()) return;
        if (!cascade) {
            std::string detail;
            for (schema::object_id id : broken) {
                detail += (detail.empty() ? "" : "\n") +
                          ("view " + session_.edit().now().view(id)->name + " depends on " + what);
            }
            throw error(errc::dependent_objects_still_exist,
                        "cannot drop " + what + " because other objects depend on it")
                .with_detail(detail)
                .with_hint("Use DROP ... CASCADE to drop the dependent objects too.");
        }
        dropping plan(session_);
        plan.be_quiet();
        for (schema::object_id id : broken) {
            session_.note(severity::notice, sqlstate{"00000"},
                          "drop cascades to view " + session_.edit().now().view(id)->name);
            plan.target({object_kind::view, id, {}});
        }
        plan.execute(true);
    }

    void change_type(std::string const& name, ast definition) {
        schema::table_descriptor before = *now(), after = before;
        auto ordinal = static_cast<std::size_t>(column_named(before, name));
        sql_type from = before.columns[ordinal].type, to = type_of(definition["typeName"], text_);
        bool has_using = static_cast<bool>(definition["raw_default"]);
        for (schema::object_id id : views_over(session_.edit().now(), id_)) {
            auto columns = referenced_columns(parse(session_.edit().now().view(id)->query).statements().front().node);
            if (std::find(columns.begin(), columns.end(), name) == columns.end()) continue;
            throw error(errc::feature_not_supported, "cannot alter type of a column used by a view or rule")
                .with_detail("rule _RETURN on view " + session_.edit().now().view(id)->name + " depends on column \"" +
                             name + "\"");
        }
        if (!has_using && castable(from.id, to.id) < cast_context::assignment && from.id != to.id) {
            throw error(errc::datatype_mismatch,
                        "column \"" + name + "\" cannot be cast automatically to type " + format_type(to))
                .with_hint("You might need to specify \"USING " + quote_name(name) + "::" + format_type(to) + "\".");
        }
        std::string value = has_using ? expression_text("using", definition["raw_default"]) : quote_name(name);
        after.columns[ordinal].type = to;
        after.columns[ordinal].missing.reset();
        auto is_text = [](type_id id) { return id == type_id::text || id == type_id::varchar; };
        bool same_bytes = !has_using && is_text(from.id) && is_text(to.id) &&
                          (to.modifier < 0 || (from.modifier >= 0 && to.modifier >= from.modifier));
        if (same_bytes) {
            after.columns[ordinal].missing = before.columns[ordinal].missing;
            session_.edit().put(std::move(after));
            return;
        }
        if (!after.columns[ordinal].default_expression.empty() &&
            after.columns[ordinal].generated != schema::generation::always_stored &&
            after.columns[ordinal].sequence == 0) {
            auto& expression = after.columns[ordinal].default_expression;
            bind_context context = session_.binding();
            parsed_script script = parse("SELECT " + expression);
            sql_type given = sql::bind(script.statements().front().node, {}, context).columns.front().type;
            bool literal = given.id == type_id::text || given.id == type_id::unknown;
            if (!literal && castable(given.id, to.id) < cast_context::assignment && given.id != to.id) {
                throw error(errc::datatype_mismatch, "default for column \"" + name +
                                                         "\" cannot be cast automatically to type " + format_type(to));
            }
        }
        rewrite(session_, before, after, reading(before, [&](std::size_t i) {
                    return i == ordinal ? "CAST((" + value + ") AS " + format_type(to) + ")" : std::string();
                }));
        auto rewritten = session_.catalog().table(id_);
        for (auto const& check : rewritten->checks) verify_check(session_, *rewritten, check);
        for (auto const& key : rewritten->foreign_keys) verify_foreign_key(session_, *rewritten, key);
    }

    // ---- identity and generated columns ----

    void add_identity(std::string const& name, ast constraint) {
        schema::table_descriptor table = *now();
        auto ordinal = column_named(table, name);
        auto const& column = table.columns[static_cast<std::size_t>(ordinal)];
        if (!column.not_null) {
            throw error(errc::object_not_in_prerequisite_state,
                        "column \"" + name + "\" of relation \"" + table.name +
                            "\" must be declared NOT NULL before identity can be added");
        }
        if (column.generated != schema::generation::none || !column.default_expression.empty()) {
            throw error(errc::object_not_in_prerequisite_state,
                        "column \"" + name + "\" of relation \"" + table.name + "\" already has a default value");
        }
        table_builder builder(session_, text_, std::move(table), false);
        builder.make_identity(ordinal, constraint);
        builder.finish();
    }

    void set_identity(std::string const& name, ast_list options) {
        schema::table_descriptor table = *now();
        auto& column = table.columns[static_cast<std::size_t>(column_named(table, name))];
        if (column.sequence == 0 || column.generated == schema::generation::none) throw_not_identity(table, name);
        schema::sequence_descriptor sequence = *session_.edit().now().sequence(column.sequence);
        std::optional<std::int64_t> restart;
        apply_sequence_options(sequence, options, text_, &restart);
        for (ast option : options) {
            if (option.text("defname") != "generated") continue;
            constexpr std::int64_t by_default = 'd';
            column.generated = option["arg"].number("ival") == by_default ? schema::generation::by_default_as_identity
                                                                          : schema::generation::always_as_identity;
        }
        if (restart) session_.shared.sequences.set(sequence, *restart, false);
        session_.edit().put(std::move(sequence));
        session_.edit().put(std::move(table));
    }

    void drop_identity(std::string const& name, bool missing_ok) {
        schema::table_descriptor table = *now();
        auto& column = table.columns[static_cast<std::size_t>(column_named(table, name))];
        bool is_identity = column.generated == schema::generation::always_as_identity ||
                           column.generated == schema::generation::by_default_as_identity;
        if (!is_identity) {
            if (!missing_ok) throw_not_identity(table, name);
            session_.note(
                severity::notice, sqlstate{"00000"},
                "column \"" + name + "\" of relation \"" + table.name + "\" is not an identity column, skipping");
            return;
        }
        session_.edit().erase(schema::record_kind::sequence, column.sequence);
        column.sequence = 0;
        column.generated = schema::generation::none;
        column.default_expression.clear();
        session_.edit().put(std::move(table));
    }

    [[noreturn]] static void throw_not_identity(schema::table_descriptor const& table, std::string const& name) {
        throw error(errc::object_not_in_prerequisite_state,
                    "column \"" + name + "\" of relation \"" + table.name + "\" is not an identity column");
    }

    void drop_expression(std::string const& name, bool missing_ok) {
        schema::table_descriptor table = *now();
        auto& column = table.columns[static_cast<std::size_t>(column_named(table, name))];
        if (column.generated != schema::generation::always_stored) {
            if (missing_ok) return;
            throw error(errc::object_not_in_prerequisite_state,
                        "column \"" + name + "\" of relation \"" + table.name + "\" is not a stored generated column");
        }
        column.generated = schema::generation::none;
        column.default_expression.clear();
        session_.edit().put(std::move(table));
    }

    // ---- the engine ----

    void set_access_method(std::string const& name) {
        schema::engine to = table_engine_named(name);
        schema::table_descriptor table = *now();
        if (table.method == to) return;
        table.method = to;
        session_.edit().put(table);
        if (mvcc::moves_objects<mvcc::local_shard>) return;  // `move_before_locking` has done it
        work_report report(session_, maintenance_work::kind::move, table.id);
        write_again(session_, id_, report.progress());
    }

    session_core& session_;
    std::string_view text_;
    schema::object_id id_;
};

/// Where the store moves objects online, it does so before anything is locked: readers and writers go on. The catalog
/// follows in the transaction; if that is undone, the rows stay where they are now, which nobody sees.
void move_before_locking(session_core& session, ast node, schema::table_descriptor const& table) {
    if (!mvcc::moves_objects<mvcc::local_shard>) return;
    for (ast command : node.list("cmds")) {
        if (command.text("subtype") != "AT_SetAccessMethod") continue;
        schema::engine to = table_engine_named(command.text("name"));
        if (table.method == to) continue;
        work_report report(session, maintenance_work::kind::move, table.id);
        mvcc::try_move_object(*session.shared.shard, table.id, to, report.progress());
    }
}

/// ALTER INDEX … SET ACCESS METHOD, which PostgreSQL does not have: the entries go to another engine as they are, as the rows of
/// a table do. A primary key is the table itself. Entries of a hash index have other keys than those of the others.
void set_index_access_method(session_core& session, schema::relation_reference found, std::string const& name) {
    schema::engine const to = index_engine_named(name);
    auto const index_of = [&](schema::table_descriptor const& table) {
        return static_cast<std::size_t>(std::ranges::find(table.indexes, found.id, &schema::index_descriptor::id) -
                                        table.indexes.begin());
    };
    auto const before = session.edit().now().table(found.table);
    schema::index_descriptor const& index = before->indexes[index_of(*before)];
    if (index.primary) {
        throw error(errc::wrong_object_type, "index \"" + index.name + "\" is kept with its table")
            .with_detail("It is the primary key of table \"" + before->name + "\".")
            .with_hint("Use ALTER TABLE ... SET ACCESS METHOD.");
    }
    if (index.method == to) return;
    if (index.method == schema::engine::hash || to == schema::engine::hash) {
        throw error(errc::feature_not_supported, "index \"" + index.name + "\" cannot be moved from access method \"" +
                                                     std::string(codec::engine_name(index.method)) + "\" to \"" + name +
                                                     "\"")
            .with_hint("Drop the index and create it again.");
    }
    work_report report(session, maintenance_work::kind::move, before->id, index.id);
    bool const moved = mvcc::try_move_object(*session.shared.shard, index.id, to, report.progress());
    session.lock_for_definition(found.table);
    schema::table_descriptor table = *session.edit().now().table(found.table);
    std::size_t const at = index_of(table);
    if (at == table.indexes.size()) {  // dropped while it moved
        throw error(errc::undefined_object, "index \"" + index.name + "\" does not exist");
    }
    table.indexes[at].method = to;
    session.edit().put(std::move(table));
    if (!moved) write_again(session, index.id, report.progress());
}

std::string_view word_of(schema::relation_type type) {
    switch (type) {
        case schema::relation_type::table: return "tables";
        case schema::relation_type::view: return "views";
        case schema::relation_type::sequence: return "sequences";
        case schema::relation_type::index: return "indexes";
    }
    return {};
}

}  // namespace

std::string alter_table(session_core& session, ast node, std::string_view text) {
    std::string tag = "ALTER " + std::string(object_word(node.text("objtype")));
    auto name = name_of(node["relation"]);
    auto found = find(session, name);
    if (!found && node.flag("missing_ok")) {
        session.note(severity::notice, errc::undefined_table,
                     "relation \"" + name.text() + "\" does not exist, skipping");
        return tag;
    }
    if (found && found->type != schema::relation_type::table) {
        bool const is_index = found->type == schema::relation_type::index && node.text("objtype") == "OBJECT_INDEX";
        for (ast command : node.list("cmds")) {
            std::string_view what = command.text("subtype");
            if (what == "AT_SetAccessMethod" && is_index) {
                set_index_access_method(session, *found, std::string(command.text("name")));
                continue;
            }
            if (what == "AT_SetAccessMethod") {
                throw error(errc::wrong_object_type,
                            "ALTER action SET ACCESS METHOD cannot be performed on relation \"" + name.name + "\"")
                    .with_detail("This operation is not supported for " + std::string(word_of(found->type)) + ".");
            }
            if (what == "AT_ChangeOwner" || what == "AT_SetRelOptions" || what == "AT_ResetRelOptions") continue;
            if (node.text("objtype") == "OBJECT_TABLE") break;
            throw error(errc::feature_not_supported, "this form of " + tag + " is not supported");
        }
        if (node.text("objtype") != "OBJECT_TABLE") return tag;
    }
    auto table = table_named(session, name, text);
    move_before_locking(session, node, *table);
    session.edit();
    session.lock_for_definition(table->id);
    table_alteration alteration(session, text, table->id);
    for (ast command : node.list("cmds")) alteration.run(command);
    return tag;
}

}  // namespace phantomdb::sql::ddl
