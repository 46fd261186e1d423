#include <phantomdb/base/error.hpp>

#include "support/catch.hpp"

using phantomdb::error;
namespace errc = phantomdb::errc;

TEST_CASE("an error carries the fields of PostgreSQL's report") {
    try {
        throw error(errc::unique_violation, "duplicate key").with_detail("Key (id)=(1).").on_table("public", "t").at(7);
    } catch (error const& caught) {
        CHECK(caught.code.view() == "23505");
        CHECK(std::string(caught.what()) == "duplicate key");
        CHECK(caught.detail == "Key (id)=(1).");
        CHECK(caught.schema_name == "public");
        CHECK(caught.table_name == "t");
        CHECK(caught.position == 7);
        CHECK(caught.hint.empty());
    }
}

TEST_CASE("SQLSTATEs compare by their five characters") {
    STATIC_REQUIRE(errc::syntax_error == phantomdb::sqlstate("42601"));
    STATIC_REQUIRE_FALSE(errc::syntax_error == errc::undefined_table);
}
