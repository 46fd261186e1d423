#include <phantomdb/plan/explain.hpp>
#include <phantomdb/sql/compiled_query.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/settings.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace phantomdb::sql {

namespace {

boost::json::object json_of(plan::explained_node const& node, std::span<plan::node_actuals const> actuals, bool costs) {
    boost::json::object made;
    made["Node Type"] = node.label;
    if (!node.index.empty()) made["Index Name"] = node.index;
    if (!node.on.empty()) made["Relation Name"] = node.on;
    if (costs) {
        made["Total Cost"] = node.cost;
        made["Plan Rows"] = node.rows;
    }
    if (auto place = static_cast<std::size_t>(node.plan_node); place < actuals.size()) {
        made["Actual Total Time"] = actuals[place].milliseconds;
        made["Actual Rows"] = actuals[place].rows;
        made["Actual Loops"] = actuals[place].loops;
    }
    for (auto const& [what, text] : node.details) made[what] = text;
    if (!node.children.empty()) {
        boost::json::array plans;
        for (auto const& child : node.children) plans.push_back(json_of(child, actuals, costs));
        made["Plans"] = std::move(plans);
    }
    return made;
}

struct discarding_sink final : result_sink {
    void begin_rows(std::vector<result_column> const&) override {}
    bool rows(row_block const&) override { return true; }
};

bool flag_of(ast option) {
    ast argument = option["arg"];
    if (!argument) return true;
    if (argument.is("Integer")) return argument.number("ival") != 0;
    if (argument.is("Boolean")) return argument.flag("boolval");
    return boolean_word(argument.text("sval")) == 1;
}

}  // namespace

std::string run_explain(session_core& session, prepared_statement const& prepared,
                        std::span<nullable_datum const> parameters, result_sink& sink) {
    ast node = prepared.node();
    bool analyze = false, costs = true, json = false, summary = false, timing = true;
    bool summary_said = false;
    for (ast option : node.list("options")) {
        std::string_view name = option.text("defname");
        if (name == "analyze") analyze = flag_of(option);
        else if (name == "costs") costs = flag_of(option);
        else if (name == "summary") summary = flag_of(option), summary_said = true;
        else if (name == "timing") timing = flag_of(option);
        else if (name == "format") {
            std::string_view format = option["arg"].text("sval");
            if (format != "text" && format != "json") {
                throw error(errc::feature_not_supported, "EXPLAIN FORMAT " + std::string(format) + " is not supported");
            }
            json = format == "json";
        } else if (name != "verbose" && name != "buffers" && name != "settings" && name != "wal") {
            throw error(errc::syntax_error, "unrecognized EXPLAIN option \"" + std::string(name) + "\"");
        }
    }
    static_cast<void>(timing);
    if (!summary_said) summary = analyze;
    auto inner = inner_statement(prepared, node["query"]);
    if (node["query"].is("ExecuteStmt")) {
        auto found = session.prepared.find(node["query"].text("name"));
        if (found == session.prepared.end()) {
            throw error(errc::invalid_sql_statement_name,
                        "prepared statement \"" + std::string(node["query"].text("name")) + "\" does not exist");
        }
        inner = found->second;
        if (analyze) throw error(errc::feature_not_supported, "EXPLAIN ANALYZE EXECUTE is not supported");
    } else if (node["query"].is("CreateTableAsStmt")) {
        inner = inner_statement(prepared, node["query"]["query"]);
        if (analyze) throw error(errc::feature_not_supported, "EXPLAIN ANALYZE CREATE TABLE AS is not supported");
    }
    using clock = std::chrono::steady_clock;
    auto milliseconds = [](clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
    auto begin = clock::now();
    auto query = compile(session, *inner);
    double planning = milliseconds(clock::now() - begin);
    auto named = [&](plan::node table, plan::node index) {
        auto const& indexes = query->bound.tables[static_cast<std::size_t>(table)]->indexes;
        return index >= 0 && static_cast<std::size_t>(index) < indexes.size()
                   ? indexes[static_cast<std::size_t>(index)].name
                   : std::string();
    };
    plan::explained_node root = plan::explain(query->bound.query.view(), query->plan.view(), query->facts, named);
    std::vector<plan::node_actuals> actuals;
    double running = 0;
    if (analyze) {
        std::vector<exec::operator_counters> counters(query->plan.nodes.size());
        discarding_sink nowhere;
        begin = clock::now();
        run_query(session, *inner, parameters, nowhere, &counters);
        running = milliseconds(clock::now() - begin);
        for (auto const& one : counters) {
            actuals.push_back({one.rows, one.loops, static_cast<double>(one.nanoseconds) / 1e6});
        }
    }
    auto shown = [](double ms) {
        char text[40];
        std::snprintf(text, sizeof text, "%.3f", ms);
        return std::string(text);
    };
    std::vector<std::vector<std::string>> rows;
    if (json) {
        boost::json::object top;
        top["Plan"] = json_of(root, actuals, costs);
        if (summary) top["Planning Time"] = planning;
        if (analyze) top["Execution Time"] = running;
        rows.push_back({boost::json::serialize(boost::json::array{top})});
        send_text_rows(sink, {"QUERY PLAN"}, rows);
        return "EXPLAIN";
    }
    std::string text = plan::explain_text(root, actuals, costs);
    if (summary) text += "Planning Time: " + shown(planning) + " ms\n";
    if (summary && analyze) text += "Execution Time: " + shown(running) + " ms\n";
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = text.find('\n', at);
        rows.push_back({text.substr(at, end - at)});
        at = end + 1;
    }
    send_text_rows(sink, {"QUERY PLAN"}, rows);
    return "EXPLAIN";
}

}  // namespace phantomdb::sql
