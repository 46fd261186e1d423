#include "query/shop.hpp"
#include "support/catch.hpp"

#include <phantomdb/phantomdb.hpp>

#include <atomic>
#include <filesystem>
#include <thread>

namespace {

user ada() { return {1, "Ada", 36, std::nullopt, profile{"counts", {"maths", "looms"}, {"Oslo", "0150"}}}; }
user bo() { return {2, "Bo", 41, 1, profile{"bakes", {}, {"Bergen", "5003"}}}; }

/// The SQLSTATE of what `call` throws.
template <class Call>
std::string state_of(Call&& call) {
    try {
        call();
    } catch (pdb::error const& e) {
        return std::string(e.code.view());
    }
    return "nothing";
}

/// A directory that is gone afterwards.
struct temporary_directory {
    std::filesystem::path path = std::filesystem::temp_directory_path() /
                                 ("phantomdb-test-" + std::to_string(::getpid()) + "-" + std::to_string(next++));
    ~temporary_directory() { std::filesystem::remove_all(path); }
    static inline std::atomic<int> next = 0;
};

}  // namespace

TEST_CASE("objects go in and come out") {
    auto db = pdb::in_memory<shop>();
    db.insert(ada());
    db.insert(bo());
    auto found = db.find<users>(1);
    REQUIRE(found);
    CHECK(found->name == "Ada");
    CHECK(found->about->tags == std::vector<std::string>{"maths", "looms"});
    CHECK(found->about->home.city == "Oslo");
    CHECK(!found->boss_id);
    CHECK(db.find<users>(2)->boss_id == 1);
    CHECK(!db.find<users>(3));

    user older = ada();
    older.age = 37;
    CHECK(db.update(older));
    CHECK(db.find<users>(1)->age == 37);
    older.id = 9;
    CHECK(!db.update(older));

    db.insert(order{1, 2, pdb::decimal<12, 2>::parse("12.345"), {}});
    CHECK(db.find<orders>(1)->total == pdb::decimal<12, 2>("12.35"));
    CHECK(db.erase<orders>(1));
    CHECK(!db.erase<orders>(1));
}

TEST_CASE("keys hold") {
    auto db = pdb::in_memory<shop>();
    db.insert(ada());
    CHECK(state_of([&] { db.insert(ada()); }) == "23505");
    user namesake = bo();
    namesake.name = "Ada";
    CHECK(state_of([&] { db.insert(namesake); }) == "23505");
    CHECK(state_of([&] { db.insert(order{1, 7, 1, {}}); }) == "23503");
    db.insert(order{1, 1, 1, {}});
    CHECK(state_of([&] { db.erase<users>(1); }) == "23503");
    CHECK(db.find<users>(1));
    CHECK(state_of([&] { db.insert(order{2, 1, pdb::decimal<12, 2>::from_units(999999999999), {}}); }) == "nothing");
}

TEST_CASE("a range is inserted whole or not at all") {
    auto db = pdb::in_memory<shop>();
    std::vector<user> all{ada(), bo(), bo()};
    CHECK(state_of([&] { db.insert(all); }) == "23505");
    CHECK(!db.find<users>(1));
    all.pop_back();
    db.insert(all);
    CHECK(db.find<users>(2));
}

TEST_CASE("transactions are undone by exceptions and see their own writes") {
    auto db = pdb::in_memory<shop>();
    CHECK_THROWS_AS(db.transact([](auto& tx) {
        tx.insert(ada());
        CHECK(tx.template find<users>(1));
        throw std::runtime_error("no");
    }),
                    std::runtime_error);
    CHECK(!db.find<users>(1));
    CHECK(db.transact([](auto& tx) {
        tx.insert(ada());
        return 5;
    }) == 5);
    CHECK(db.find<users>(1));

    auto tx = db.begin();
    tx.insert(bo());
    CHECK(state_of([&] { tx.insert(bo()); }) == "23505");  // undoes this call only
    tx.commit();
    CHECK(db.find<users>(2));
}

TEST_CASE("a transaction that meets another one is run again, and no update is lost") {
    auto db = pdb::in_memory<shop>();
    db.insert(ada());
    constexpr int threads = 4, each = 50;
    std::vector<std::thread> running;
    for (int i = 0; i < threads; ++i) {
        running.emplace_back([db]() mutable {
            for (int k = 0; k < each; ++k) {
                db.transact([](auto& tx) {
                    user one = *tx.template find<users>(1);
                    ++one.age;
                    tx.update(one);
                });
            }
        });
    }
    for (auto& thread : running) thread.join();
    CHECK(db.find<users>(1)->age == 36 + threads * each);
}

TEST_CASE("a database is there again after it was closed") {
    temporary_directory directory;
    {
        auto db = pdb::open<shop>(directory.path.string());
        db.insert(ada());
        CHECK(state_of([&] { pdb::open<shop>(directory.path.string()); }) == "F0001");
    }
    auto db = pdb::open<shop>(directory.path.string());
    CHECK(db.find<users>(1)->name == "Ada");
}

TEST_CASE("members of a document that the program doesn't know survive") {
    pdb::document_builder builder;
    builder.begin_object();
    builder.key("bio"), builder.string("counts");
    builder.key("secret"), builder.number(std::int64_t{7});
    builder.key("home"), builder.begin_object();
    builder.key("city"), builder.string("Oslo");
    builder.key("floor"), builder.number(std::int64_t{3});
    builder.end_object();
    builder.end_object();
    auto read = pdb::document<profile>::decode(builder.take());
    CHECK(read->bio == "counts");
    CHECK(read->level == 3);  // not stored: what the struct says
    CHECK(read->home.zip.empty());
    read->home.city = "Bergen";
    std::string const bytes = read.encode();
    pdb::document_view written(bytes);
    CHECK(written.find("secret")->as_numeric().coefficient() == 7);
    CHECK(written.find("home")->find("floor")->as_numeric().coefficient() == 3);
    CHECK(written.find("home")->find("city")->as_string() == "Bergen");
}

TEST_CASE("a document with another kind of value is an error, not a guess") {
    pdb::document_builder builder;
    builder.begin_object();
    builder.key("bio"), builder.number(std::int64_t{1});
    builder.end_object();
    std::string const bytes = builder.take();
    CHECK(state_of([&] { pdb::document<profile>::decode(bytes); }) == "42804");
}
