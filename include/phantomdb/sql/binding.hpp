/// @file Defines `binding`, one statement while it is bound. Internal to the binder; `bind` in binder.hpp is the door.
///
/// The parts, each in a file of its own:
///
///     bind_statement.ipp    statements, parameters, what comes out
///     bind_select.ipp       SELECT: its clauses, LIMIT, locking
///     bind_target.ipp       select lists, and what ORDER BY, GROUP BY and DISTINCT ON mean by them
///     bind_grouping.ipp     what may stand above an aggregate, and its rewriting to the aggregate's source
///     bind_set.ipp          set operations, VALUES
///     bind_with.ipp         WITH, recursion
///     bind_from.ipp         FROM: tables, views, subqueries
///     bind_function_scan.ipp  FROM: functions
///     bind_join.ipp         FROM: joins
///     bind_names.ipp        column references
///     bind_expression.ipp   expressions
///     bind_compare.ipp      operators, IN, BETWEEN, rows, subqueries as operands
///     bind_call.ipp         function and aggregate calls
///     bind_window.ipp       window calls
///     bind_coerce.ipp       literals, types, casts
///     bind_insert.ipp       INSERT
///     bind_change.ipp       UPDATE, DELETE
///
/// Expressions are bound in the order PostgreSQL binds them, so that of several errors the same one is reported.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/query/function_resolution.hpp>
#include <phantomdb/sql/binder.hpp>
#include <phantomdb/sql/parser.hpp>
#include <phantomdb/sql/scope.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::sql {

/// How willingly a value changes its type.
enum class coercion : std::uint8_t { implicit, assignment, explicit_ };

/// An entry of a select list, or an expression that only sorting or grouping needs (`hidden`).
struct target {
    std::string name;
    node value = none;
    bool hidden = false;
};

/// ORDER BY on a target.
struct target_order {
    std::size_t target = 0;
    bool descending = false;
    bool nulls_first = false;
    int position = 0;
};

class binding {
public:
    binding(bind_context const& context, std::string_view text);
    bound_statement take(ast statement);

private:
    // Shared by all parts.
    bind_context const& context_;
    std::string_view text_;  ///< the script the nodes come from
    bool positions_ = true;  ///< false while stored text is bound: its places mean nothing to the user
    bound_statement made_;
    query::query_builder& q_;
    std::vector<origin> origins_;     ///< parallel to `q_.columns`
    std::vector<int> source_scopes_;  ///< by source: the number of the scope that reads it
    scope* scope_ = nullptr;
    std::vector<std::shared_ptr<common_table>> changing_tables_;
    std::vector<std::shared_ptr<common_table>> common_tables_;
    std::vector<parsed_script> stored_scripts_;
    std::vector<std::string> views_in_progress_;
    int recursions_ = 0;
    int next_scope_ = 0;
    char const* stack_base_ = nullptr;

    class scope_entry;   // opens a scope for a C++ block
    class clause_entry;  // says for a C++ block where expressions stand
    class stored_text;   // switches to a stored piece of SQL for a C++ block
    void check_stack() const;
    error at(error failed, std::int64_t location) const;
    error at(error failed, ast node_with_location) const {
        return at(std::move(failed), node_with_location.location());
    }

    query::expression const& expr(node e) const { return q_.expressions[static_cast<std::size_t>(e)]; }
    query::expression& expr(node e) { return q_.expressions[static_cast<std::size_t>(e)]; }
    query::relation const& rel(node r) const { return q_.relations[static_cast<std::size_t>(r)]; }
    query::relation& rel(node r) { return q_.relations[static_cast<std::size_t>(r)]; }
    node argument(node e, int i) const { return q_.lists[static_cast<std::size_t>(expr(e).arguments.first + i)]; }
    std::span<node const> arguments(node e) const;
    type_id type(node e) const { return expr(e).type.id; }
    std::int64_t location_of(node e) const;      ///< leftmost byte of an expression, -1 unknown
    static std::int64_t location_of_ast(ast e);  ///< the same of one that is not bound

    // bind_statement
    void finish_parameters();
    void note_columns(bound_rows const& rows);
    bound_rows query_of(ast statement, bool keep_unknown = false);  ///< SELECT, or INSERT … RETURNING and alike
    node unary(query::relation_kind kind, node left);
    node filtered(node relation, std::vector<node> const& conjuncts);
    bound_rows projected(node relation, std::vector<target> const& targets, std::string_view name);
    node add_source(std::string_view name, std::vector<output_column> const& columns, node relation);
    node column_of(node source, int column, int position = 0);

    // bind_select
    bound_rows select(ast statement, bool keep_unknown = false);
    bound_rows simple_select(ast statement, bool keep_unknown);
    std::vector<target> target_list(ast_list items, clause where);
    void expand_star(ast reference, std::vector<target>& into);
    std::size_t output_target(ast item, std::vector<target>& targets, clause where, bool output_names_first);
    std::size_t expression_target(ast item, std::vector<target>& targets, clause where);
    std::vector<target_order> order_by(ast_list items, std::vector<target>& targets);
    void check_sortable(node value, std::int64_t location);
    void check_groupable(node value, std::int64_t location);
    node limited(node relation, node count, node offset, bool with_ties);
    node limit_expression(ast value, clause where);
    node locked(node relation, ast_list locking, bool plain);
    static std::string figure_name(ast value);

    // bind_grouping
    using replacement = std::function<node(node)>;
    node rewritten(node e, replacement const& replace);
    void rewrite_relation(node r, replacement const& replace);
    void rewrite_list(query::slice items, replacement const& replace);
    bool equal(node a, node b);
    bool contains(node e, std::function<bool(node)> const& wanted) const;
    bool relation_contains(node r, std::function<bool(node)> const& wanted) const;
    node grouped(node relation, std::vector<target>& targets, std::vector<std::size_t> const& groups, node& having);
    std::string column_label(node column) const;
    node windowed(node relation);

    // bind_set
    bound_rows set_operation(ast statement, bool outermost);
    bound_rows set_side(ast statement);
    bound_rows values(ast statement);
    std::vector<sql_type> unify_columns(bound_rows& left, bound_rows& right, std::string_view what);
    void coerce_columns(bound_rows& rows, std::vector<sql_type> const& types);
    void retype_column(bound_rows& rows, std::size_t column, sql_type type);
    bound_rows ordered_output(bound_rows rows, ast statement, std::string_view what);

    // bind_with
    void with(ast clause_node, scope& into);
    void common_query(ast item, common_table& table, bool recursive);
    void recursive_query(ast item, common_table& table);
    void refuse_recursion(node relation, std::string_view place) const;
    void rename_columns(bound_rows& rows, ast_list names, std::string_view table, std::int64_t location);
    scope_item common_use(std::shared_ptr<common_table> const& table, std::string_view alias, ast reference);
    std::shared_ptr<common_table> find_common_table(std::string_view name) const;
    void settle_common_tables();
    void run_changing_tables(bound_rows& rows);

    // bind_from
    struct from_item {
        node relation = none;
        std::vector<scope_item> items;
        bool lateral = false;
    };
    node from(ast_list items);
    from_item from_element(ast item);
    from_item from_table(ast item);
    from_item from_view(std::shared_ptr<schema::view_descriptor const> const& view, ast item);
    from_item from_subquery(ast item);
    from_item from_function(ast item);
    from_item from_join(ast item);
    from_item from_rows(bound_rows const& rows, std::string name);
    scope_item table_item(std::shared_ptr<schema::table_descriptor const> const& table, std::string name);
    scope_item row_item(std::shared_ptr<schema::table_descriptor const> const& table, std::string name, node relation);
    scope_item item_of_source(node source, std::string name, node relation);
    void apply_alias(scope_item& item, ast alias, std::string_view shown);
    void check_names(std::vector<scope_item> const& present, std::vector<scope_item> const& added,
                     std::int64_t location);
    void add_items(std::vector<scope_item> items);
    void make_nullable(std::vector<scope_item>& items);
    bool uses_scope(node relation, int number) const;
    node table_ordinal(std::shared_ptr<schema::table_descriptor const> const& table);
    schema::relation_reference find_relation(ast range) const;

    // bind_names
    node column_reference(ast reference);
    node find_column(scope& from, scope_item const* only, std::string_view name, ast reference);
    scope_item* find_item(std::string_view schema, std::string_view name, scope*& found_in, ast reference);
    node refer(scope_column const& column, ast reference);
    [[noreturn]] void no_such_column(std::string_view table, std::string_view column, ast reference);
    [[noreturn]] void no_such_item(std::string_view name, ast reference);

    // bind_expression
    node expression(ast e);
    node expression(ast e, clause where);
    node condition(ast e, clause where, std::string_view what);
    void add_conjuncts(node e, std::vector<node>& into) const;
    node constant_node(ast e);
    node parameter_reference(ast e);
    node cast_node(ast e);
    node boolean_node(ast e);
    node case_node(ast e);
    node coalesce_node(ast e);
    node extreme_node(ast e);
    node null_test(ast e);
    node truth_test_node(ast e);
    node value_function(ast e);
    node collate_node(ast e);
    node indirection_node(ast e);
    node logical(query::expression_kind kind, std::vector<node> operands, int position);
    node negated(node e, int position);

    // bind_compare
    node operator_node(ast e);
    node row_operator(ast e, std::string_view symbol);
    std::string_view operator_symbol(ast e) const;
    node in_node(ast e);
    node between_node(ast e);
    node distinct_node(ast e);
    node nullif_node(ast e);
    node any_node(ast e);
    node operation(std::string_view symbol, node left, node right, std::int64_t location);
    node row_comparison(std::string_view symbol, std::vector<node> left, std::vector<node> right,
                        std::int64_t location);
    node sublink(ast e);
    node array_text(ast e);
    bool is_catalog_list(node e) const;
    node quantified(ast e, std::vector<node> tests, std::string_view symbol, bool all);
    std::vector<node> row_of(ast e);
    bool is_row(ast e) const;
    query::resolution<function_id> comparison(std::string_view symbol, node& left, node& right, std::int64_t location);
    [[noreturn]] void no_such_operator(std::string_view symbol, node left, node right, std::int64_t location);

    // bind_call
    node call_node(ast e);
    node call(std::string_view name, std::vector<node> arguments, std::int64_t location, bool explicit_call = true);
    node function_call(function_id id, std::vector<node> arguments, std::int64_t location);
    node aggregate_call(ast e, std::string_view name, std::vector<node> arguments);
    node set_function(node called);
    scope* aggregate_owner(std::vector<node> const& arguments) const;
    void check_aggregate_place(scope const& owner, std::int64_t location) const;
    std::vector<query::sort_key> call_order(ast_list items);
    [[noreturn]] void no_such_function(std::string_view name, std::vector<node> const& arguments, std::int64_t location,
                                       bool ambiguous);

    // bind_window
    static bool is_window_function(std::string_view name);
    node window_call(ast e, std::string_view name, std::vector<node> arguments);
    std::size_t find_window(ast definition);
    void define_window(window& made, ast definition);

    // bind_coerce
    node add_literal(sql_type type, datum raw, std::int64_t location);
    literal_source& source_of(node literal) {
        return made_.literal_sources[static_cast<std::size_t>(expr(literal).detail)];
    }
    node noted_token(node e, std::int64_t location);
    node noted_step(node e, node from, literal_source::step how, bool explicit_cast);
    node add_null(sql_type type, std::int64_t location = -1);
    node add_text_literal(sql_type type, std::string_view text, std::int64_t location);
    node coerce(node e, sql_type to, coercion how);  ///< none where there is no such cast
    node coerce_literal(node e, sql_type to, coercion how);
    node must_coerce(node e, sql_type to, coercion how, std::int64_t location = -1);
    node to_boolean(node e, std::string_view what);
    node resolve_unknown(node e);
    node to_object_id(node e, std::string_view type_name, std::int64_t location);
    sql_type common_type(std::span<node const> values, std::string_view what);  ///< throws 42804
    std::optional<type_id> try_common_type(std::span<node const> values, node* offender = nullptr) const;
    node folded_cast(node e, sql_type to, bool explicit_cast);
    node make_cast(node e, sql_type to, bool explicit_cast);

    // bind_change
    using shared_table = std::shared_ptr<schema::table_descriptor const>;
    bound_rows insert(ast statement);
    bound_rows update(ast statement);
    bound_rows erase(ast statement);
    bound_rows changed(node change, shared_table const& table, std::string name, std::vector<scope_item> others,
                       ast_list returning);
    shared_table changed_table(ast range, std::string_view verb) const;
    std::vector<std::size_t> insert_columns(ast statement, schema::table_descriptor const& table) const;
    node insert_rows(ast statement, shared_table const& table, std::vector<std::size_t> const& columns,
                     std::vector<node>& values);
    void check_row_width(std::size_t values, std::size_t columns, ast_list given, ast_list column_items) const;
    node default_of(schema::table_descriptor const& table, std::size_t column);
    node assigned(schema::table_descriptor const& table, std::size_t column, node value);
    void add_constraints(node change, shared_table const& table);
    void on_conflict(ast clause_node, node change, shared_table const& table, std::string const& name);
    node conflict_index(ast infer, schema::table_descriptor const& table) const;
    void assignments(ast_list items, schema::table_descriptor const& table, std::vector<node>& columns,
                     std::vector<node>& values);
    node assignment_value(ast value, schema::table_descriptor const& table, std::size_t column);
    std::size_t assigned_column(ast item, schema::table_descriptor const& table) const;
    node stored_expression(std::string_view sql, clause where, scope_item const* row);
};

/// Opens a scope; the previous one is its outer one.
class binding::scope_entry {
public:
    explicit scope_entry(binding& owner) : owner_(owner) {
        inner.outer = owner.scope_;
        inner.number = owner.next_scope_++;
        owner.scope_ = &inner;
    }
    ~scope_entry() { owner_.scope_ = inner.outer; }
    scope_entry(scope_entry const&) = delete;
    scope_entry& operator=(scope_entry const&) = delete;

    scope inner;

private:
    binding& owner_;
};

class binding::clause_entry {
public:
    clause_entry(binding& owner, clause where) : scope_(*owner.scope_), before_(std::exchange(scope_.where, where)) {}
    ~clause_entry() { scope_.where = before_; }
    clause_entry(clause_entry const&) = delete;
    clause_entry& operator=(clause_entry const&) = delete;

private:
    scope& scope_;
    clause before_;
};

/// Binds stored text as if it stood alone: no outer scope, no positions.
class binding::stored_text {
public:
    stored_text(binding& owner, std::string_view text)
        : owner_(owner),
          text_(std::exchange(owner.text_, text)),
          positions_(std::exchange(owner.positions_, false)),
          scope_(std::exchange(owner.scope_, nullptr)),
          first_(owner.q_.expressions.size()) {}
    ~stored_text() {
        owner_.text_ = text_, owner_.positions_ = positions_, owner_.scope_ = scope_;
        for (std::size_t i = first_; i < owner_.q_.expressions.size(); ++i) owner_.q_.expressions[i].position = 0;
    }
    stored_text(stored_text const&) = delete;
    stored_text& operator=(stored_text const&) = delete;

private:
    binding& owner_;
    std::string_view text_;
    bool positions_;
    scope* scope_;
    std::size_t first_;
};

}  // namespace phantomdb::sql
