/// @file phantomd --check and phantomdb_check(): a sound directory is clean, and what is broken is found and named.
#include <phantomdb/sql/maintenance.hpp>

#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

using problems = std::vector<std::string>;

program_result run_check(std::string const& directory) { return run_program({tool("phantomd"), "--check", directory}); }

/// The same in this process.
problems check_here(std::string const& directory) {
    problems found;
    sql::check_report report;
    report.on_problem = [&](std::string const& object, std::string const& problem) {
        found.push_back(object + ": " + problem);
    };
    auto const count = sql::check_directory(directory, report);
    CHECK((count == 0) == found.empty());
    return found;
}

bool names(problems const& found, std::string const& object, std::string const& problem) {
    return std::any_of(found.begin(), found.end(), [&](std::string const& one) {
        return one.find(object) != one.npos && one.find(problem) != one.npos;
    });
}

std::string all(problems const& found) {
    std::string text;
    for (auto const& one : found) text += one + "\n";
    return text;
}

mvcc::shard_options by_hand() {
    mvcc::shard_options options;
    options.background = false;
    return options;
}

/// A directory with tables of every kind; "parent" has 200 rows, "child" two for each, "loose" no primary key.
void make_database(std::string const& directory) {
    phantomd_server server(directory);
    sql_client client(server.connection());
    auto const made = client.query(
        "create table parent(id int primary key, name text unique, city text);"
        "create index parent_city on parent(city desc, id);"
        "create table child(id int primary key, parent int references parent(id), word text) using lsm;"
        "create index child_parent on child(parent);"
        "create index child_word on child using hash (word);"
        "create table loose(a numeric, b text);"
        "create index loose_a on loose(a);"
        "insert into parent select i, 'name ' || i, case when i % 7 = 0 then null else 'city ' || i % 10 end"
        "  from generate_series(1, 200) as s(i);"
        "insert into child select i, case when i % 9 = 0 then null else i % 200 + 1 end, 'needle ' || i"
        "  from generate_series(1, 400) as s(i);"
        "insert into loose select i / 3.0, repeat('x', i % 500) from generate_series(1, 300) as s(i);"
        "delete from loose where a > 90; update parent set city = 'moved' where id < 20");
    INFO(made.message);
    REQUIRE(made.ok());
    for (int i = 0; i < 20; ++i)
        REQUIRE(client.query("insert into loose values (" + std::to_string(i) + ", 'single " + std::to_string(i) + "')")
                    .ok());
    auto const online = client.query("select * from phantomdb_check()");
    INFO(online.message);
    CHECK(online.ok());
    CHECK(online.columns == std::vector<std::string>{"object", "problem"});
    CHECK(online.rows.empty());
    REQUIRE(server.stop() == 0);
}

void flip(std::string const& path, std::size_t offset) {
    std::string bytes = read_file(path);
    REQUIRE(offset < bytes.size());
    bytes[offset] = static_cast<char>(bytes[offset] ^ 4);
    write_file(path, bytes);
}

/// Changes a directory behind the back of the database: `change(transaction, id)`, with the ids of tables and indexes by name.
using ids_by_name = std::map<std::string, schema::object_id>;
void change_keys(std::string const& directory,
                 std::function<void(exec::sql_transaction&, ids_by_name&, exec::sql_view const&)> const& change) {
    auto const shard = mvcc::local_shard::open(directory, by_hand());
    exec::stored_catalog const catalog([&] { return shard->begin(); });
    ids_by_name ids;
    for (auto const& [id, table] : catalog.current()->tables()) {
        ids[table->name] = id;
        for (auto const& index : table->indexes) ids[index.name] = index.id;
    }
    auto transaction = shard->begin();
    change(transaction, ids, shard->view());
    transaction.commit();
}

storage::slice first_of(exec::sql_view const& view, schema::object_id object, std::string& key, std::string& value) {
    auto scan = view.scan(storage::object_prefix(object), storage::object_end(object));
    storage::slice found;
    REQUIRE(scan.next(found));
    key = found.key;
    value = found.value;
    return {key, value};
}

}  // namespace

TEST_CASE("a sound directory is clean") {
    temporary_folder folder;
    std::string const data = folder / "data";
    make_database(data);
    auto const checked = run_check(data);
    INFO(checked.output << checked.errors);
    CHECK(checked.status == 0);
    CHECK(checked.output.empty());
    CHECK_THAT(checked.errors, contains("no problems"));
    CHECK_THAT(checked.errors, contains("files: "));
    CHECK(checked.errors.find('\r') == std::string::npos);  // it is no terminal
    mvcc::local_shard::open(data, by_hand())->checkpoint();
    CHECK(run_check(data).status == 0);
}

TEST_CASE("what cannot be checked is told apart from what is broken") {
    temporary_folder folder;
    auto const nothing = run_check(folder / "nothing");
    CHECK(nothing.status == 2);
    CHECK_THAT(nothing.errors, contains("there is no database in"));
    CHECK_FALSE(std::filesystem::exists(folder / "nothing"));
    phantomd_server server(folder / "data");
    auto const open = run_check(folder / "data");
    CHECK(open.status == 2);
    CHECK_THAT(open.errors, contains(std::to_string(server.handle().pid())));
    CHECK_THAT(open.errors, contains("phantomdb_check()"));
}

TEST_CASE("a flipped bit in the store is found, and its file and place named") {
    temporary_folder folder;
    std::string const data = folder / "data";
    make_database(data);
    mvcc::local_shard::open(data, by_hand())->checkpoint();
    int found = 0;
    std::string one;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(data + "/store")) {
        if (!entry.is_regular_file() || entry.file_size() < 100) continue;
        for (std::size_t part = 1; part <= 6; ++part) {
            temporary_folder copies;
            std::string const copy = copies / "copy";
            std::filesystem::copy(data, copy, std::filesystem::copy_options::recursive);
            std::string const file = copy + entry.path().string().substr(data.size());
            flip(file, entry.file_size() * part / 7);
            auto const problems = check_here(copy);  // what no page or block uses may be anything
            if (problems.empty()) continue;
            ++found;
            if (names(problems, file + " at offset", "")) one = entry.path().string().substr(data.size());
            INFO(all(problems));
            CHECK((names(problems, file, "") || names(problems, copy, "cannot be opened")));
            if (found != 2) continue;
            auto const checked = run_check(copy);
            CHECK(checked.status == 1);
            CHECK_FALSE(checked.output.empty());
        }
    }
    CHECK(found >= 4);
    CHECK_FALSE(one.empty());
}

TEST_CASE("a flipped bit in the log is found, and its segment and place named") {
    temporary_folder folder;
    std::string const data = folder / "data";
    make_database(data);
    std::string const segment = data + "/log/log-0000000000000001";
    std::size_t const at = read_file(segment).find("single 7");
    REQUIRE(at != std::string::npos);
    flip(segment, at);
    auto const checked = run_check(data);
    INFO(checked.output << checked.errors);
    CHECK(checked.status == 1);
    CHECK_THAT(checked.output, contains(segment + " at offset "));
    CHECK_THAT(checked.output, contains("cannot be opened"));
    // The place is that of the record, a little before the flipped byte.
    std::string const after = checked.output.substr(checked.output.find(" at offset ") + 11);
    auto const told = static_cast<std::size_t>(std::stoul(after));
    CHECK(told < at);
    CHECK(told + 300 > at);
}

TEST_CASE("an index entry removed behind the back is found") {
    temporary_folder folder;
    std::string const data = folder / "data";
    make_database(data);
    change_keys(data, [](auto& transaction, auto& ids, auto const& view) {
        std::string key, value;
        transaction.erase(first_of(view, ids.at("child_parent"), key, value).key);
    });
    auto const checked = run_check(data);
    INFO(checked.output << checked.errors);
    CHECK(checked.status == 1);
    CHECK_THAT(checked.output, contains("index \"child_parent\" of table \"postgres.public.child\": row (id)=("));
    CHECK_THAT(checked.output, contains("has no entry for (parent)=("));
    CHECK(std::count(checked.output.begin(), checked.output.end(), '\n') == 1);

    phantomd_server server(data);
    auto const online = sql_client(server.connection())
                            .query("select problem from phantomdb_check() where object like '%child_parent%'");
    CHECK(online.ok());
    CHECK(online.rows.size() == 1);
}

TEST_CASE("whatever does not fit is found") {
    temporary_folder folder;
    std::string const sound = folder / "sound";
    make_database(sound);
    using change = std::function<void(exec::sql_transaction&, ids_by_name&, exec::sql_view const&)>;
    struct {
        change how;
        std::string object, problem;
    } const cases[] = {
        {[](auto& t, auto& ids, auto const& view) {
             std::string key, value;
             first_of(view, ids.at("parent_city"), key, value);
             t.put(key + "x", value);
         },
         "index \"parent_city\"", "is not that of row (id)=("},
        {[](auto& t, auto& ids, auto const&) { t.put(storage::object_prefix(ids.at("loose_a")) + "abc", "12345678"); },
         "index \"loose_a\"", "leads to a row that is not there"},
        {[](auto& t, auto& ids, auto const& view) {
             std::string key, value, other;
             first_of(view, ids.at("parent_name_key"), key, value);
             auto scan = view.scan(key + '\0', storage::object_end(ids.at("parent_name_key")));
             storage::slice next;
             REQUIRE(scan.next(next));
             t.put(key, next.value);
         },
         "index \"parent_name_key\"", "leads to another row"},
        {[](auto& t, auto& ids, auto const& view) {
             std::string key, value;
             t.erase(first_of(view, ids.at("parent"), key, value).key);
         },
         "table \"postgres.public.child\"", "that is not there"},
        {[](auto& t, auto& ids, auto const& view) {
             std::string key, value;
             first_of(view, ids.at("parent"), key, value);
             t.put(key, value.substr(0, value.size() / 2));
         },
         "table \"postgres.public.parent\"", "cannot be read"},
        {[](auto& t, auto& ids, auto const& view) {
             std::string key, value;
             first_of(view, ids.at("parent"), key, value);
             t.put(storage::object_prefix(ids.at("parent")) + "\xff\xff\xff\xff", value);
         },
         "table \"postgres.public.parent\"", "lies under the key of another"},
        {[](auto& t, auto& ids, auto const& view) {
             std::string key, value;
             t.erase(first_of(view, ids.at("child_word"), key, value).key);
         },
         "index \"child_word\"", "has no entry for (word)=(needle "},
        {[](auto& t, auto&, auto const&) { t.put(storage::object_prefix(77'777) + "key", "value"); }, "database",
         "keys of object 77777"},
        {[](auto& t, auto& ids, auto const&) {
             t.put(codec::engine_record_key(ids.at("loose")), codec::engine_record_value(codec::engine::lsm));
         },
         "engine records", "asks for lsm, the catalog for btree"},
        {[](auto& t, auto&, auto const&) {
             t.put(codec::engine_record_key(88'888), codec::engine_record_value(codec::engine::lsm));
         },
         "engine records", "object 88888 belongs to no table"},
    };
    int number = 0;
    for (auto const& one : cases) {
        std::string const copy = folder / ("copy" + std::to_string(++number));
        std::filesystem::copy(sound, copy, std::filesystem::copy_options::recursive);
        change_keys(copy, one.how);
        auto const problems = check_here(copy);
        INFO("case " << number << ", " << one.problem << "\n" << all(problems));
        CHECK(names(problems, one.object, one.problem));
        std::filesystem::remove_all(copy);
    }
    CHECK(check_here(sound).empty());
}
