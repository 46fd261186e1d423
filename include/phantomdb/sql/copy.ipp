#include <phantomdb/sql/compiled_query.hpp>
#include <phantomdb/sql/copy_format.hpp>
#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/settings.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/value/text_io.hpp>

#include <algorithm>

namespace phantomdb::sql {

namespace {

std::string option_text(ast option) {
    ast argument = option["arg"];
    if (argument.is("Boolean")) return argument.flag("boolval") ? "true" : "false";
    if (argument.is("Integer")) return std::to_string(argument.number("ival"));
    return std::string(argument.text("sval"));
}

bool option_flag(ast option) { return !option["arg"] || boolean_word(option_text(option)) == 1; }

char one_character(std::string_view what, std::string const& text) {
    if (text.size() != 1) {
        throw error(errc::feature_not_supported, "COPY " + std::string(what) + " must be a single one-byte character");
    }
    return text[0];
}

/// The request of a COPY statement; the columns are known already.
copy_request request_of(ast node, std::vector<result_column> columns) {
    copy_request made;
    made.way = node.flag("is_from") ? copy_request::direction::in : copy_request::direction::out;
    made.columns = std::move(columns);
    bool delimiter = false, null = false, escape = false, quote = false;
    auto ordinals = [&](ast option) {
        std::vector<std::int16_t> list;
        if (option["arg"].is("A_Star")) {
            for (std::size_t i = 0; i < made.columns.size(); ++i) list.push_back(static_cast<std::int16_t>(i));
        }
        ast_list items = option["arg"].list("items");
        for (ast item : items) {
            auto found = std::find_if(made.columns.begin(), made.columns.end(),
                                      [&](auto const& column) { return column.name == item.text("sval"); });
            if (found == made.columns.end()) {
                throw error(errc::invalid_column_reference,
                            "column \"" + std::string(item.text("sval")) + "\" not referenced by COPY");
            }
            list.push_back(static_cast<std::int16_t>(found - made.columns.begin()));
        }
        return list;
    };
    for (ast option : node.list("options")) {
        if (option.text("defname") != "format") continue;
        std::string format = option_text(option);
        if (format == "csv") made.format = copy_request::layout::csv;
        else if (format == "binary") throw error(errc::feature_not_supported, "COPY in binary format is not supported");
        else if (format != "text") {
            throw error(errc::invalid_parameter_value, "COPY format \"" + format + "\" not recognized");
        }
    }
    bool csv = made.format == copy_request::layout::csv;
    for (ast option : node.list("options")) {
        std::string_view name = option.text("defname");
        auto only_csv = [&](std::string_view what) {
            if (!csv)
                throw error(errc::feature_not_supported, "COPY " + std::string(what) + " available only in CSV mode");
        };
        if (name == "delimiter") made.delimiter = one_character("delimiter", option_text(option)), delimiter = true;
        else if (name == "null") made.null_text = option_text(option), null = true;
        else if (name == "header") {
            made.header_match = option_text(option) == "match";
            made.header = made.header_match || option_flag(option);
        } else if (name == "quote")
            only_csv("quote"), made.quote = one_character("quote", option_text(option)), quote = true;
        else if (name == "escape")
            only_csv("escape"), made.escape = one_character("escape", option_text(option)), escape = true;
        else if (name == "force_quote") only_csv("force quote"), made.force_quote = ordinals(option);
        else if (name == "force_not_null") only_csv("force not null"), made.force_not_null = ordinals(option);
        else if (name == "force_null") only_csv("force null"), made.force_null = ordinals(option);
        else if (name == "encoding") {
            std::string encoding = option_text(option);
            for (char& c : encoding) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
            if (encoding != "UTF8" && encoding != "UTF-8") {
                throw error(errc::feature_not_supported, "COPY encoding \"" + encoding + "\" is not supported");
            }
        } else if (name != "format" && name != "freeze") {
            throw error(errc::syntax_error, "option \"" + std::string(name) + "\" not recognized");
        }
    }
    if (csv && !delimiter) made.delimiter = ',';
    if (csv && !null) made.null_text.clear();
    if (csv && !escape) made.escape = quote ? made.quote : '"';
    if (made.null_text.find_first_of("\r\n") != std::string::npos) {
        throw error(errc::invalid_parameter_value, "COPY null representation cannot use newline or carriage return");
    }
    if (made.null_text.find(made.delimiter) != std::string::npos) {
        throw error(errc::feature_not_supported, "COPY delimiter must not appear in the NULL specification");
    }
    if (csv && made.delimiter == made.quote) {
        throw error(errc::feature_not_supported, "COPY delimiter and quote must be different");
    }
    return made;
}

// ---- out ----

class copy_out_sink final : public result_sink {
public:
    copy_out_sink(session_core& session, ast node, result_sink& real) : session_(session), node_(node), real_(real) {}

    void begin_rows(std::vector<result_column> const& columns) override {
        request_ = request_of(node_, columns);
        real_.begin_copy_out(request_);
        writer_.emplace(request_, session_.settings.active().formats);
        if (!request_.header) return;
        writer_->append_header(line_);
        send();
    }
    /// A piece is a row: clients that take a COPY apart row by row rely on it.
    bool rows(row_block const& block) override {
        for (std::size_t i = 0; i < block.rows; ++i) {
            writer_->append_row(line_, block, i);
            ++count;
            send();
        }
        return true;
    }
    std::uint64_t count = 0;

private:
    void send() {
        real_.copy_out(line_);
        line_.clear();
    }

    session_core& session_;
    ast node_;
    result_sink& real_;
    copy_request request_;
    std::optional<copy_writer> writer_;
    std::string line_;
};

std::string run_copy_out(session_core& session, prepared_statement const& prepared, result_sink& sink) {
    ast node = prepared.node();
    std::shared_ptr<prepared_statement const> source;
    if (node["query"]) {
        source = inner_statement(prepared, node["query"]);
    } else {
        auto name = ddl::name_of(node["relation"]);
        if (auto found = ddl::find(session, name); found && found->type == schema::relation_type::view) {
            throw error(errc::wrong_object_type, "cannot copy from view \"" + name.name + "\"")
                .with_hint("Try the COPY (SELECT ...) TO variant.");
        } else if (!found) {
            throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist");
        }
        std::string list;
        for (ast column : node.list("attlist")) list += (list.empty() ? "" : ", ") + quote_name(column.text("sval"));
        std::string from = (name.schema.empty() ? "" : quote_name(name.schema) + ".") + quote_name(name.name);
        auto made = std::make_shared<prepared_statement>();
        made->script = parse("SELECT " + (list.empty() ? "*" : list) + " FROM " + from);
        made->parsed = made->script.statements().front();
        source = std::move(made);
    }
    copy_out_sink out(session, node, sink);
    run_query(session, *source, {}, out);
    return "COPY " + std::to_string(out.count);
}

// ---- in ----

/// Puts rows of text into a table: straight through the writer where the columns given are all there is to a row,
/// by a prepared INSERT where expressions have a say (defaults, checks, generated columns).
class copy_target {
public:
    copy_target(session_core& session, std::shared_ptr<schema::table_descriptor const> table,
                std::vector<std::int16_t> columns)
        : session_(session),
          table_(std::move(table)),
          columns_(std::move(columns)),
          layout_(session.layouts.of(table_)),
          writer_(session.writing()),
          values_(table_->columns.size()),
          nulls_(table_->columns.size(), 1) {
        bool plain = table_->checks.empty();
        for (std::size_t i = 0; i < table_->columns.size(); ++i) {
            auto const& column = table_->columns[i];
            bool given = std::find(columns_.begin(), columns_.end(), static_cast<std::int16_t>(i)) != columns_.end();
            if (!given && !column.dropped && !column.default_expression.empty()) plain = false;
            if (given && column.generated == schema::generation::always_stored) {
                throw error(errc::invalid_column_reference, "column \"" + column.name + "\" is a generated column")
                    .with_detail("Generated columns cannot be used in COPY.");
            }
        }
        if (!plain) prepare_insert();
    }

    void add(std::vector<copy_field> const& fields, std::string& current_column) {
        format_settings const& settings = session_.settings.active().formats;
        memory_.reset();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            auto column = static_cast<std::size_t>(columns_[i]);
            current_column = table_->columns[column].name;
            nulls_[column] = fields[i].null;
            values_[column] = datum{};
            if (!fields[i].null)
                values_[column] = parse_text(table_->columns[column].type, fields[i].text, memory_, settings);
        }
        current_column.clear();
        if (!insert_) {
            writer_.insert(*layout_, {values_.data(), nulls_.data()});
            return;
        }
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            auto column = static_cast<std::size_t>(columns_[i]);
            parameters_[i].null = nulls_[column] != 0;
            parameters_[i].value = values_[column];
        }
        struct ignoring_sink final : result_sink {
            void begin_rows(std::vector<result_column> const&) override {}
            bool rows(row_block const&) override { return true; }
        } none;
        run_query(session_, *insert_, parameters_, none);
    }

    void finish() { writer_.finish(); }

private:
    void prepare_insert() {
        std::string names, parameters;
        insert_ = std::make_shared<prepared_statement>();
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            auto const& column = table_->columns[static_cast<std::size_t>(columns_[i])];
            names += (i ? ", " : "") + quote_name(column.name);
            parameters += (i ? ", $" : "$") + std::to_string(i + 1);
            insert_->given_types.push_back(column.type);
        }
        insert_->infer_parameters = true;
        insert_->script = parse("INSERT INTO " + quote_name(table_->schema_name) + "." + quote_name(table_->name) +
                                " (" + names + ") OVERRIDING SYSTEM VALUE VALUES (" + parameters + ")");
        insert_->parsed = insert_->script.statements().front();
        parameters_.resize(columns_.size());
    }

    session_core& session_;
    std::shared_ptr<schema::table_descriptor const> table_;
    std::vector<std::int16_t> columns_;
    std::shared_ptr<schema::table_layout const> layout_;
    exec::table_writer writer_;
    std::vector<datum> values_;
    std::vector<std::uint8_t> nulls_;
    std::shared_ptr<prepared_statement> insert_;
    std::vector<nullable_datum> parameters_;
    arena memory_;
};

std::string run_copy_in(session_core& session, prepared_statement const& prepared, result_sink& sink) {
    ast node = prepared.node();
    if (session.read_only) throw session.refuse_writing("cannot execute COPY FROM in a read-only transaction");
    if (node["whereClause"]) throw error(errc::feature_not_supported, "COPY FROM with WHERE is not supported");
    auto table = ddl::table_named(session, ddl::name_of(node["relation"]), prepared.text());
    session.lock_for_writing(table->id);
    session.require_same_tables({table});
    std::vector<std::int16_t> ordinals;
    if (node.list("attlist").empty()) {
        for (std::size_t i = 0; i < table->columns.size(); ++i) {
            bool skip = table->columns[i].dropped || table->columns[i].generated == schema::generation::always_stored;
            if (!skip) ordinals.push_back(static_cast<std::int16_t>(i));
        }
    }
    for (ast column : node.list("attlist")) {
        std::int16_t ordinal = ddl::column_named(*table, column.text("sval"));
        if (std::find(ordinals.begin(), ordinals.end(), ordinal) != ordinals.end()) {
            throw error(errc::duplicate_column,
                        "column \"" + std::string(column.text("sval")) + "\" specified more than once");
        }
        ordinals.push_back(ordinal);
    }
    std::vector<result_column> columns;
    for (std::int16_t ordinal : ordinals) {
        auto const& column = table->columns[static_cast<std::size_t>(ordinal)];
        columns.push_back({column.name, column.type, table->id, static_cast<std::int16_t>(ordinal + 1)});
    }
    copy_request request = request_of(node, std::move(columns));
    session.statement_ran = true;
    sink.begin_copy_in(request);

    copy_target target(session, table, ordinals);
    copy_reader reader(request);
    std::vector<copy_field> fields;
    std::string piece, column;
    std::uint64_t count = 0;
    bool header = request.header;
    bool waiting = false;  // for bytes of the line behind those read
    auto where = [&] {
        std::string text = "COPY " + table->name + ", line " + std::to_string(reader.line() + waiting);
        if (waiting) return text;
        if (column.empty()) return text + ": \"" + std::string(reader.line_text().substr(0, 100)) + "\"";
        for (std::size_t i = 0; i < ordinals.size() && i < fields.size(); ++i) {
            if (table->columns[static_cast<std::size_t>(ordinals[i])].name != column) continue;
            return text + ", column " + column + ": \"" + std::string(fields[i].text.substr(0, 100)) + "\"";
        }
        return text;
    };
    try {
        for (bool more = true; more;) {
            session.cancel.check();
            waiting = true;
            more = sink.copy_in(piece);
            waiting = false;
            if (more) reader.feed(piece);
            else reader.end();
            while (reader.next(fields)) {
                if (header) {
                    header = false;
                    if (!request.header_match) continue;
                    for (std::size_t i = 0; i < std::max(fields.size(), request.columns.size()); ++i) {
                        if (i < fields.size() && i < request.columns.size() &&
                            fields[i].text == request.columns[i].name)
                            continue;
                        throw error(errc::bad_copy_file_format,
                                    "column name mismatch in header line field " + std::to_string(i + 1));
                    }
                    continue;
                }
                if (fields.size() == 1 && ordinals.empty() && fields[0].text.empty()) fields.clear();
                if (fields.size() < ordinals.size()) {
                    auto missing = static_cast<std::size_t>(ordinals[fields.size()]);
                    throw error(errc::bad_copy_file_format,
                                "missing data for column \"" + table->columns[missing].name + "\"");
                }
                if (fields.size() > ordinals.size()) {
                    throw error(errc::bad_copy_file_format, "extra data after last expected column");
                }
                target.add(fields, column);
                ++count;
            }
        }
    } catch (error& wrong) {
        if (wrong.context.empty() && (reader.line() > 0 || waiting)) wrong.context = where();
        throw;
    }
    target.finish();
    return "COPY " + std::to_string(count);
}

}  // namespace

std::string run_copy(session_core& session, prepared_statement const& prepared, result_sink& sink) {
    ast node = prepared.node();
    if (node.flag("is_program") || !node.text("filename").empty()) {
        throw error(errc::feature_not_supported, "COPY with files of the server is not supported")
            .with_hint("Use STDIN or STDOUT; psql's and phantomsql's \\copy do.");
    }
    return node.flag("is_from") ? run_copy_in(session, prepared, sink) : run_copy_out(session, prepared, sink);
}

}  // namespace phantomdb::sql
