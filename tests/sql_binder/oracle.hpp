/// @file What PostgreSQL says about a statement without running it, beside what the binder says.
#pragma once

#include "sql_binder/stage.hpp"
#include "support/postgres.hpp"

#include <memory>
#include <string>
#include <vector>

namespace phantomdb::test {

/// Column names and types, parameter types; or the error.
struct description {
    std::vector<std::string> columns;  ///< "name type-oid modifier"
    std::vector<std::string> parameters;
    std::string sqlstate, message, detail, hint;
    int position = 0;

    std::string shown() const {
        if (!sqlstate.empty()) {
            return sqlstate + " at " + std::to_string(position) + ": " + message +
                   (detail.empty() ? "" : " | " + detail) + (hint.empty() ? "" : " | " + hint);
        }
        std::string text;
        for (auto const& column : columns) text += column + "; ";
        for (auto const& parameter : parameters) text += "$" + parameter + "; ";
        return text;
    }
};

inline description describe(stage const& place, std::string const& statement) {
    description made;
    try {
        auto bound = place.bind(statement);
        for (auto const& column : bound.columns) {
            int modifier = column.type.modifier;
            bool shifted = column.type.id == type_id::varchar || column.type.id == type_id::bpchar ||
                           column.type.id == type_id::numeric;
            if (modifier >= 0 && shifted) modifier += 4;
            made.columns.push_back(column.name + " " + std::to_string(facts(column.type.id).oid) + " " +
                                   std::to_string(modifier));
        }
        for (auto const& type : bound.parameters) made.parameters.push_back(std::to_string(facts(type.id).oid));
    } catch (error const& failed) {
        made.sqlstate = failed.code.view(), made.message = failed.message, made.detail = failed.detail,
        made.hint = failed.hint;
        made.position = failed.position;
    }
    return made;
}

inline description describe(sql_client& client, std::string const& statement) {
    description made;
    auto own = [](PGresult* result) { return std::unique_ptr<PGresult, void (*)(PGresult*)>(result, PQclear); };
    auto prepared = own(PQprepare(client.handle(), "", statement.c_str(), 0, nullptr));
    auto described =
        own(PQresultStatus(prepared.get()) == PGRES_COMMAND_OK ? PQdescribePrepared(client.handle(), "") : nullptr);
    PGresult* result = described ? described.get() : prepared.get();
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        auto field = [&](int code) {
            char const* text = PQresultErrorField(result, code);
            return std::string(text ? text : "");
        };
        made.sqlstate = field(PG_DIAG_SQLSTATE), made.message = field(PG_DIAG_MESSAGE_PRIMARY);
        made.detail = field(PG_DIAG_MESSAGE_DETAIL), made.hint = field(PG_DIAG_MESSAGE_HINT);
        made.position = std::atoi(field(PG_DIAG_STATEMENT_POSITION).c_str());
        return made;
    }
    for (int i = 0; i < PQnfields(result); ++i) {
        made.columns.push_back(std::string(PQfname(result, i)) + " " + std::to_string(PQftype(result, i)) + " " +
                               std::to_string(PQfmod(result, i)));
    }
    for (int i = 0; i < PQnparams(result); ++i) made.parameters.push_back(std::to_string(PQparamtype(result, i)));
    return made;
}

}  // namespace phantomdb::test
