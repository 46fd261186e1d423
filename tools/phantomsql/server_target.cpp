// A server as a target, through libpq.

#include "target.hpp"

#include <libpq-fe.h>

#include <cstdlib>

namespace phantomsql {
namespace {

struct result_release {
    void operator()(PGresult* r) const { PQclear(r); }
};
using result = std::unique_ptr<PGresult, result_release>;

std::string trimmed(char const* text) {
    std::string made = text == nullptr ? "" : text;
    while (!made.empty() && (made.back() == '\n' || made.back() == ' ')) made.pop_back();
    return made;
}

report report_of(PGresult const* from) {
    auto field = [&](int code) {
        char const* text = PQresultErrorField(from, code);
        return std::string(text == nullptr ? "" : text);
    };
    report made;
    made.severity = field(PG_DIAG_SEVERITY);
    made.code = field(PG_DIAG_SQLSTATE);
    made.message = field(PG_DIAG_MESSAGE_PRIMARY);
    made.detail = field(PG_DIAG_MESSAGE_DETAIL);
    made.hint = field(PG_DIAG_MESSAGE_HINT);
    made.context = field(PG_DIAG_CONTEXT);
    made.position = std::atoi(field(PG_DIAG_STATEMENT_POSITION).c_str());
    if (made.message.empty()) made.message = trimmed(PQresultErrorMessage(from));
    if (made.severity.empty()) made.severity = "ERROR";
    return made;
}

bool is_number(Oid type) {
    constexpr Oid numbers[] = {20, 21, 23, 26, 700, 701, 790, 1700};
    for (Oid n : numbers) {
        if (n == type) return true;
    }
    return false;
}

class server_target final : public target {
public:
    explicit server_target(std::string url) : url_(std::move(url)) {
        char const* keys[] = {"dbname", "fallback_application_name", "client_encoding", nullptr};
        char const* values[] = {url_.c_str(), "phantomsql", "UTF8", nullptr};
        adopt(PQconnectdbParams(keys, values, 1));
    }
    server_target(std::string url, std::string const& database) : url_(std::move(url)) {
        char const* keys[] = {"dbname", "dbname", "fallback_application_name", "client_encoding", nullptr};
        char const* values[] = {url_.c_str(), database.c_str(), "phantomsql", "UTF8", nullptr};
        adopt(PQconnectdbParams(keys, values, 1));
    }
    ~server_target() override {
        PQfreeCancel(cancel_);
        PQfinish(connection_);
    }
    server_target(server_target const&) = delete;
    server_target& operator=(server_target const&) = delete;

    void run(std::string_view script, receiver& to) override {
        receiver_ = &to;
        if (PQsendQuery(connection_, std::string(script).c_str()) == 0) fail_connection();
        PQsetSingleRowMode(connection_);
        bool begun = false;
        std::optional<report> failed;
        while (result r{PQgetResult(connection_)}) {
            switch (PQresultStatus(r.get())) {
                case PGRES_SINGLE_TUPLE:
                case PGRES_TUPLES_OK:
                    if (!begun) begin(r.get(), to);
                    begun = true;
                    pass_rows(r.get(), to);
                    if (PQresultStatus(r.get()) == PGRES_TUPLES_OK) {
                        to.complete(PQcmdStatus(r.get()));
                        begun = false;
                    }
                    break;
                case PGRES_COMMAND_OK: to.complete(PQcmdStatus(r.get())); break;
                case PGRES_EMPTY_QUERY: to.complete(""); break;
                case PGRES_COPY_OUT: copy_out(to); break;
                case PGRES_COPY_IN: copy_in(to); break;
                default:
                    if (!failed) failed = report_of(r.get());
                    if (PQstatus(connection_) == CONNECTION_BAD) throw *failed;
            }
        }
        if (failed) throw *failed;
    }
    void cancel() override {
        char words[256];
        PQcancel(cancel_, words, sizeof words);
    }
    char transaction_status() const override {
        switch (PQtransactionStatus(connection_)) {
            case PQTRANS_INTRANS:
            case PQTRANS_ACTIVE: return 'T';
            case PQTRANS_INERROR: return 'E';
            default: return 'I';
        }
    }
    std::string database() const override { return PQdb(connection_); }
    std::string description() const override {
        char const* host = PQhost(connection_);
        return "You are connected to database \"" + database() + "\" as user \"" + PQuser(connection_) +
               "\" on host \"" + (host == nullptr ? "" : host) + "\" at port \"" + PQport(connection_) + "\".";
    }
    std::unique_ptr<target> reconnect(std::string const& database) const override {
        return std::make_unique<server_target>(url_, database);
    }

private:
    void adopt(PGconn* made) {
        connection_ = made;
        if (PQstatus(connection_) != CONNECTION_OK) {
            report refused;
            refused.severity = "FATAL";
            refused.code = "08001";
            refused.message = trimmed(PQerrorMessage(connection_));
            PQfinish(connection_);
            throw refused;
        }
        cancel_ = PQgetCancel(connection_);
        PQsetNoticeReceiver(
            connection_,
            [](void* self, PGresult const* said) {
                auto* me = static_cast<server_target*>(self);
                if (me->receiver_ != nullptr) me->receiver_->notice(report_of(said));
            },
            this);
    }
    [[noreturn]] void fail_connection() {
        report lost;
        lost.severity = "FATAL";
        lost.code = "08006";
        lost.message = trimmed(PQerrorMessage(connection_));
        throw lost;
    }
    static void begin(PGresult const* r, receiver& to) {
        std::vector<result_column> columns;
        for (int c = 0; c < PQnfields(r); ++c) {
            Oid const type = PQftype(r, c);
            bool const number = is_number(type);
            columns.push_back({PQfname(r, c), number,
                               number                        ? json_form::number
                               : type == 16                  ? json_form::boolean
                               : type == 114 || type == 3802 ? json_form::json
                                                             : json_form::text});
        }
        to.begin(columns);
    }
    static void pass_rows(PGresult const* r, receiver& to) {
        std::vector<cell> cells(static_cast<std::size_t>(PQnfields(r)));
        for (int row = 0; row < PQntuples(r); ++row) {
            for (int c = 0; c < PQnfields(r); ++c) {
                auto& into = cells[static_cast<std::size_t>(c)];
                if (PQgetisnull(r, row, c) != 0) into.reset();
                else into.emplace(PQgetvalue(r, row, c), static_cast<std::size_t>(PQgetlength(r, row, c)));
            }
            to.row(cells);
        }
    }
    void copy_out(receiver& to) {
        char* bytes = nullptr;
        int size = 0;
        while ((size = PQgetCopyData(connection_, &bytes, 0)) > 0) {
            to.copy_out({bytes, static_cast<std::size_t>(size)});
            PQfreemem(bytes);
        }
    }
    void copy_in(receiver& to) {
        std::string piece;
        try {
            while (to.copy_in(piece)) {
                if (PQputCopyData(connection_, piece.data(), static_cast<int>(piece.size())) != 1) break;
            }
            PQputCopyEnd(connection_, nullptr);
        } catch (report const& failed) {
            PQputCopyEnd(connection_, failed.message.c_str());
        }
    }

    std::string url_;
    PGconn* connection_ = nullptr;
    PGcancel* cancel_ = nullptr;
    receiver* receiver_ = nullptr;
};

}  // namespace

std::unique_ptr<target> connect_to_server(std::string const& url) { return std::make_unique<server_target>(url); }

}  // namespace phantomsql
