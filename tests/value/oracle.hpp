/// @file Defines how tests of values ask PostgreSQL what an expression is worth, thousands at a time.
#pragma once

#include <phantomdb/base/error.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/postgres.hpp"

namespace phantomdb::test {

/// What an error is compared by.
inline std::string written(error const& fault) {
    return fault.code.view().data() + std::string(" ") + fault.message +
           (fault.detail.empty() ? "" : " / " + fault.detail);
}

/// The text a callable makes, or the error it throws.
template <class Make>
std::string outcome(Make&& make) {
    try {
        return make();
    } catch (error const& fault) {
        return written(fault);
    }
}

inline std::string quoted(std::string_view text) {
    std::string out = text.find('\\') == std::string_view::npos ? "'" : "E'";
    for (char c : text) {
        if (c == '\'' || c == '\\') out += c;
        out += c;
    }
    return out + "'";
}

/// Pairs of an SQL expression and what we make of it.
class comparison {
public:
    void add(std::string expression, std::string ours) {
        expressions_.push_back(std::move(expression));
        ours_.push_back(std::move(ours));
    }

    /// Fails for every pair where PostgreSQL has another answer.
    void check(private_postgres& server) const {
        sql_client client(server.connection());
        auto created = client.query(R"(
            create or replace function pg_temp.attempt(expression text) returns text language plpgsql as $$
            declare answer text; missing boolean; detail text;
            begin
                execute 'select format(''%s'', x), x is null from (select (' || expression || ') x) q' into answer, missing;
                return case when missing then 'null' else answer end;
            exception when others then
                get stacked diagnostics detail = pg_exception_detail;
                return sqlstate || ' ' || sqlerrm || case detail when '' then '' else ' / ' || detail end;
            end $$)");
        REQUIRE(created.message == "");
        std::string list = "{";
        for (auto const& expression : expressions_) {
            list += list.size() > 1 ? ",\"" : "\"";
            for (char c : expression) {
                if (c == '"' || c == '\\') list += '\\';
                list += c;
            }
            list += '"';
        }
        auto answers = client.query(
            "select pg_temp.attempt(e) from unnest($1::text[]) with ordinality q(e, n) order by n", {list + "}"});
        REQUIRE(answers.message == "");
        REQUIRE(answers.rows.size() == expressions_.size());
        int failures = 0;
        for (std::size_t i = 0; i < expressions_.size() && failures < 20; ++i) {
            std::string const& theirs = *answers.rows[i][0];
            if (theirs == ours_[i]) continue;
            ++failures;
            UNSCOPED_INFO(expressions_[i] << "\n  PostgreSQL: " << theirs << "\n  ours:       " << ours_[i]);
        }
        CHECK(failures == 0);
    }

    std::size_t size() const { return expressions_.size(); }

private:
    std::vector<std::string> expressions_, ours_;
};

/// Reproducible choices.
class dice {
public:
    explicit dice(std::uint32_t seed) : engine_(seed) {}

    std::int64_t between(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
    }
    bool one_in(int many) { return between(1, many) == 1; }

    template <class... Choices>
    std::string of(Choices&&... choices) {
        std::string all[] = {std::string(choices)...};
        return all[between(0, static_cast<std::int64_t>(sizeof...(Choices)) - 1)];
    }

    /// A whole number of up to `most` digits, each length as likely as any other.
    std::string digits(int most) {
        std::string text;
        for (auto left = between(1, most); left > 0; --left) text += static_cast<char>('0' + between(0, 9));
        return text;
    }
    std::string padded(std::int64_t number, int width) {
        std::string text = std::to_string(number);
        return std::string(
                   text.size() < static_cast<std::size_t>(width) ? static_cast<std::size_t>(width) - text.size() : 0,
                   '0') +
               text;
    }

private:
    std::mt19937 engine_;
};

}  // namespace phantomdb::test

/// The oracle of this program; leaves the test case where PostgreSQL is not installed.
#define PHANTOMDB_ORACLE(name) \
    auto* name = ::phantomdb::test::private_postgres::shared(); \
    if (!name) PHANTOMDB_SKIP("PostgreSQL 15 is not installed")
