/// @file What a client can learn of a transaction whose COMMIT it did not hear the answer of.
#include <string>

#include "sql_session/stage.hpp"

using namespace phantomdb::test;

TEST_CASE("a transaction's status says what became of it") {
    stage one;
    auto other = one.another();
    auto const status = [&](std::string const& id) {
        return stage::run(*other, "select phantom.transaction_status('" + id + "')").rows.at(0).at(0);
    };
    one.run("create table t (a int)");

    one.run("begin");
    std::string const committed = one.run("select phantom.transaction_id()").value();
    CHECK(one.run("select phantom.transaction_id()").value() == committed);
    one.run("insert into t values (1)");
    CHECK(status(committed) == "in progress");
    one.run("commit");
    CHECK(status(committed) == "committed");

    one.run("begin");
    std::string const aborted = one.run("select phantom.transaction_id()").value();
    CHECK(aborted != committed);
    one.run("rollback");
    CHECK(status(aborted) == "aborted");

    // Of what was long ago nothing is known but that it was committed.
    CHECK(status(std::string(32, '0')) == std::nullopt);
    CHECK(status(committed) == "committed");
}

TEST_CASE("what is no id of a transaction is refused, and so is naming one that cannot write") {
    stage one;
    for (auto const* wrong : {"", "12", "zz000000000000000000000000000000", "0000000000000000000000000000000000"})
        CHECK(one.run(std::string("select phantom.transaction_status('") + wrong + "')").sqlstate == "22P02");
    one.run("begin read only");
    CHECK(one.run("select phantom.transaction_id()").sqlstate == "25006");
    one.run("rollback");
    CHECK(one.run("select phantom.add_node(4, '127.0.0.1:1')").sqlstate == "55000");
    CHECK(one.run("select count(*) from phantom.cluster").value() == "0");
    CHECK(one.run("create table phantom.t (a int)").sqlstate == "42501");
}
