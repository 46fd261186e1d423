// An embedded data directory as a target: SQL runs in this process.

#include "target.hpp"

#include <phantomdb/sql/instance.hpp>
#include <phantomdb/sql/session.hpp>
#include <phantomdb/value/text_io.hpp>

namespace phantomsql {
namespace {

namespace sql = phantomdb::sql;

report report_of(phantomdb::error const& e) {
    report made;
    made.code = std::string(e.code.view());
    made.message = e.message;
    made.detail = e.detail;
    made.hint = e.hint;
    made.position = e.position;
    return made;
}

/// Passes what the session produces to a receiver, as text.
class text_sink final : public sql::result_sink {
public:
    text_sink(sql::session const& session, receiver& to) : session_(session), to_(to) {}

    void begin_rows(std::vector<sql::result_column> const& columns) override {
        columns_ = columns;
        std::vector<result_column> shown;
        for (auto const& c : columns) {
            using phantomdb::type_id;
            bool number = phantomdb::is_number(c.type.id) || c.type.id == type_id::oid;
            bool json = c.type.id == type_id::json || c.type.id == type_id::jsonb;
            shown.push_back({c.name, number,
                             number                          ? json_form::number
                             : c.type.id == type_id::boolean ? json_form::boolean
                             : json                          ? json_form::json
                                                             : json_form::text});
        }
        to_.begin(shown);
    }
    bool rows(sql::row_block const& block) override {
        std::vector<cell> cells(columns_.size());
        for (std::size_t r = 0; r < block.rows; ++r) {
            for (std::size_t c = 0; c < columns_.size(); ++c) {
                cells[c].reset();
                if (block.nulls[c] != nullptr && block.nulls[c][r] != 0) continue;
                cells[c].emplace();
                phantomdb::append_text(*cells[c], columns_[c].type, block.columns[c][r], session_.formats());
            }
            to_.row(cells);
        }
        return true;
    }
    void complete(std::string_view tag) override { to_.complete(tag); }
    void on_notice(sql::notice const& said) override {
        constexpr char const* words[] = {"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"};
        report made;
        made.severity = words[static_cast<int>(said.level)];
        made.code = std::string(said.code.view());
        made.message = said.message;
        made.detail = said.detail;
        made.hint = said.hint;
        to_.notice(made);
    }
    void begin_copy_out(sql::copy_request const&) override {}
    void copy_out(std::string_view bytes) override { to_.copy_out(bytes); }
    void begin_copy_in(sql::copy_request const&) override {}
    bool copy_in(std::string& piece) override {
        try {
            return to_.copy_in(piece);
        } catch (report const& failed) {
            throw phantomdb::error(phantomdb::errc::query_canceled, failed.message);
        }
    }

private:
    sql::session const& session_;
    receiver& to_;
    std::vector<sql::result_column> columns_;
};

class embedded_target final : public target {
public:
    embedded_target(std::shared_ptr<sql::instance> store, std::string directory, std::string const& database)
        : store_(std::move(store)),
          directory_(std::move(directory)),
          database_(database),
          session_(*store_, options(database)) {}

    void run(std::string_view script, receiver& to) override {
        text_sink sink(session_, to);
        try {
            session_.run(script, sink);
        } catch (phantomdb::error const& e) {
            throw report_of(e);
        }
    }
    void cancel() override { session_.cancel(); }
    char transaction_status() const override { return static_cast<char>(session_.status()); }
    std::string database() const override { return database_; }
    std::string description() const override {
        return "You are using database \"" + database_ + "\" in the directory \"" + directory_ + "\".";
    }
    std::unique_ptr<target> reconnect(std::string const& database) const override {
        try {
            return std::make_unique<embedded_target>(store_, directory_, database);
        } catch (phantomdb::error const& e) {
            throw report_of(e);
        }
    }

private:
    static sql::session_options options(std::string const& database) {
        sql::session_options made;
        made.database = database;
        made.application_name = "phantomsql";
        return made;
    }
    std::shared_ptr<sql::instance> store_;
    std::string directory_, database_;
    sql::session session_;
};

}  // namespace

std::unique_ptr<target> open_embedded(std::string const& directory, std::string const& database) {
    try {
        auto store = std::make_shared<sql::instance>(sql::instance::open(directory));
        return std::make_unique<embedded_target>(std::move(store), directory, database);
    } catch (phantomdb::error const& e) {
        throw report_of(e);
    }
}

}  // namespace phantomsql
