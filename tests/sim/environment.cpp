#include <phantomdb/sim/environment.hpp>

#include "support/catch.hpp"

#include <set>
#include <thread>

using namespace phantomdb;

namespace {

template <class F>
error caught(F&& f) {
    try {
        f();
    } catch (error const& e) {
        return e;
    }
    return error(sqlstate{}, "nothing was thrown");
}

std::string text(sim::environment& world, std::string const& path) {
    auto const file = world.open(path, env::open_mode::read);
    std::string bytes(file.size(), '?');
    file.read_at(0, bytes);
    return bytes;
}

sim::environment with_synced_file(std::string const& path, std::string const& bytes) {
    sim::environment world;
    auto file = world.open(path, env::open_mode::write);
    file.write_at(0, bytes);
    file.sync();
    world.sync_directory("");
    return world;
}

/// Every text that `path` has after some loss of power.
std::set<std::string> possible(sim::environment const& world, std::string const& path, int seeds = 600) {
    std::set<std::string> found;
    for (int seed = 0; seed < seeds; ++seed) {
        auto after = world.power_cut(static_cast<std::uint64_t>(seed));
        found.insert(after.exists(path) ? text(after, path) : "gone");
    }
    return found;
}

}  // namespace

TEST_CASE("contents are shared by copies until one is changed") {
    sim::shared_bytes one;
    one.write(5000, "hello");
    REQUIRE(one.size() == 5005);
    sim::shared_bytes other = one;
    other.write(5001, "i");
    REQUIRE(one.text(5000) == "hello");
    REQUIRE(other.text(5000) == "hillo");
    REQUIRE(one.text(0, 5000) == std::string(5000, '\0'));
    other.resize(5002);
    other.resize(5010);
    REQUIRE(other.text(5000) == std::string("hi\0\0\0\0\0\0\0\0", 10));
    REQUIRE(one.text(5000) == "hello");
}

TEST_CASE("what was not synced is lost, kept or torn, sector by sector") {
    auto world = with_synced_file("f", std::string(1024, 'a'));
    auto file = world.open("f", env::open_mode::write);
    file.write_at(0, std::string(1024, 'b'));
    std::string const a(512, 'a');
    std::string const b(512, 'b');
    REQUIRE(possible(world, "f") == std::set<std::string>{a + a, a + b, b + a, b + b});
    REQUIRE(possible(world, "f", 1) == std::set<std::string>{a + a});
    file.write_at(0, std::string(1024, 'c'));
    std::string const c(512, 'c');
    REQUIRE(possible(world, "f").size() == 9);  // each sector as of one of three moments
    file.sync();
    REQUIRE(possible(world, "f") == std::set<std::string>{c + c});
}

TEST_CASE("a file that grew has its old size or the new one, and zeros where its bytes did not arrive") {
    auto world = with_synced_file("f", "12345");
    auto file = world.open("f", env::open_mode::write);
    file.write_at(5, "678");
    REQUIRE(possible(world, "f") == std::set<std::string>{"12345", std::string("12345\0\0\0", 8), "12345678"});
    file.truncate(2);
    auto const after = possible(world, "f");
    REQUIRE(after == std::set<std::string>{"12345", std::string("12345\0\0\0", 8), "12345678", "12"});
    file.write_at(2, "x");
    // Once it was cut short, what had been behind does not come back.
    for (std::string const& one : possible(world, "f"))
        REQUIRE((one.size() != 3 || one == "12x" || one == std::string("12\0", 3)));
    file.sync();
    REQUIRE(possible(world, "f") == std::set<std::string>{"12x"});
}

TEST_CASE("names are forgotten until their directory is synced") {
    auto world = with_synced_file("old", "old");
    world.create_directory("d");
    {
        auto file = world.open("new", env::open_mode::create);
        file.write_at(0, "new");
        file.sync();
    }
    REQUIRE(possible(world, "new") == std::set<std::string>{"gone", "new"});
    world.rename("new", "old");
    REQUIRE(possible(world, "old") == std::set<std::string>{"old", "new"});
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        auto after = world.power_cut(seed);
        if (text(after, "old") == "new") REQUIRE_FALSE(after.exists("new"));
    }
    world.sync_directory("d");  // another one
    REQUIRE(possible(world, "old") == std::set<std::string>{"old", "new"});
    world.sync_directory("");
    REQUIRE(possible(world, "old") == std::set<std::string>{"new"});
    world.remove("old");
    REQUIRE(possible(world, "old") == std::set<std::string>{"gone", "new"});
    world.sync_directory("");
    REQUIRE(possible(world, "old") == std::set<std::string>{"gone"});
    REQUIRE(world.power_cut(0).exists("d"));  // create_directory is durable
}

TEST_CASE("a rename into another directory happens in both or in none") {
    sim::environment world;
    world.create_directory("a");
    world.create_directory("b");
    world.open("a/f", env::open_mode::create);
    world.sync_directory("a");
    world.rename("a/f", "b/f");
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        auto after = world.power_cut(seed);
        REQUIRE(after.exists("a/f") != after.exists("b/f"));
    }
    world.sync_directory("b");
    REQUIRE(world.power_cut(0).exists("b/f"));
    REQUIRE_FALSE(world.power_cut(0).exists("a/f"));
}

TEST_CASE("a failed sync forgets what it did not write, and the next one says all is well") {
    std::set<std::string> left;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        sim::machine_options options;
        options.seed = seed;
        sim::environment world(options);
        auto file = world.open("f", env::open_mode::create);
        world.sync_directory("");
        file.write_at(0, std::string(1024, 'x'));
        world.machine().add_fault(sim::fault::in(sim::call_kind::sync));
        REQUIRE(caught([&] { file.sync(); }).code == errc::io_error);
        file.sync();
        REQUIRE(text(world, "f") == std::string(1024, 'x'));
        auto after = world.power_cut(1);
        left.insert(text(after, "f"));
        REQUIRE(possible(world, "f", 20).size() == 1);
        file.write_at(0, std::string(1024, 'y'));
        file.sync();
        REQUIRE(possible(world, "f", 20) == std::set<std::string>{std::string(1024, 'y')});
    }
    REQUIRE(left.contains(std::string(1024, '\0')));  // the size is in the journal
    REQUIRE(left.contains(std::string(1024, 'x')));
    REQUIRE(left.size() > 3);
}

TEST_CASE("calls fail as told: once, for ever, of one kind, by predicate") {
    sim::environment world;
    auto& machine = world.machine();
    auto file = world.open("f", env::open_mode::create);
    machine.add_fault(sim::fault::in(sim::call_kind::write, 1));
    file.write_at(0, "one");
    error const failed = caught([&] { file.write_at(3, "two"); });
    REQUIRE(failed.code == errc::io_error);
    REQUIRE(failed.message == "could not write to file \"f\": Input/output error");
    REQUIRE(machine.last_failure().kind == sim::call_kind::write);
    file.write_at(3, "two");
    REQUIRE(text(world, "f") == "onetwo");

    machine.add_fault(sim::fault::at(machine.calls() + 1, sim::fault::for_ever, ENOSPC));
    for (int i = 0; i < 3; ++i) REQUIRE(caught([&] { world.rename("f", "g"); }).code == errc::disk_full);
    REQUIRE(caught([&] { world.list(""); }).code == errc::disk_full);
    machine.clear_faults();
    world.rename("f", "g");

    machine.add_fault(
        {[](sim::call const& c) { return c.path == "g" && c.offset >= 3; }, 0, sim::fault::for_ever, EIO});
    std::string three(3, '?');
    auto const reader = world.open("g", env::open_mode::read);
    REQUIRE(reader.read_at(0, three) == 3);
    REQUIRE(caught([&] { reader.read_at(3, three); }).code == errc::io_error);
    REQUIRE(caught([&] { world.open("nothing/f", env::open_mode::create); }).message ==
            "could not create file \"nothing/f\": No such file or directory");
}

TEST_CASE("a disk without room takes what fits, and all of it once there is room") {
    sim::machine_options options;
    options.capacity = 1000;
    sim::environment world(options);
    auto file = world.open("f", env::open_mode::create);
    file.write_at(0, std::string(900, 'x'));
    REQUIRE(caught([&] { file.write_at(900, std::string(200, 'y')); }).code == errc::disk_full);
    REQUIRE(file.size() == 1000);
    file.write_at(0, std::string(1000, 'z'));  // in place
    world.machine().set_capacity(1100);
    file.write_at(900, std::string(200, 'y'));
    world.remove("f");
    REQUIRE(world.machine().used() == 0);
}

TEST_CASE("a killed process leaves everything it wrote, and no locks") {
    sim::environment world;
    auto const lock = world.lock("lock");
    REQUIRE(caught([&] { world.lock("lock"); }).code == errc::lock_file_exists);
    world.open("f", env::open_mode::create).write_at(0, "written");
    auto after = world.restarted();
    REQUIRE(text(after, "f") == "written");
    auto const again = after.lock("lock");
    REQUIRE(possible(after, "f").contains("gone"));  // and it is still not durable
    auto const elsewhere = after.power_cut(1);
    REQUIRE(elsewhere.machine().contents("f").text() == "written");
}

TEST_CASE("one seed gives one run") {
    auto const run = [](std::uint64_t seed) {
        sim::machine_options options;
        options.seed = seed;
        options.keep_trace = true;
        sim::environment world(options);
        world.machine().add_fault({{}, 7, 3, EIO});
        sim::random_source random(seed);
        for (int i = 0; i < 30; ++i) {
            caught([&] {
                auto file = world.open("f" + std::to_string(random.below(3)), env::open_mode::write);
                file.write_at(random.below(5000), std::string(random.below(2000), 'x'));
                file.sync();
            });
        }
        char bytes[8];
        world.fill_random(bytes);
        return std::tuple(world.machine().trace(), world.machine().trace_digest(), std::string(bytes, 8), world.now(),
                          world.steady_now());
    };
    REQUIRE(run(5) == run(5));
    REQUIRE(std::get<1>(run(5)) != std::get<1>(run(6)));
    REQUIRE(std::get<0>(run(5)).size() > 80);
}

TEST_CASE("clocks move with the calls and when told to") {
    sim::environment world;
    auto const before = world.now();
    auto const steady = world.steady_now();
    world.exists("f");
    REQUIRE(world.now() - before == std::chrono::microseconds(10));
    world.machine().shift_wall_clock(-std::chrono::hours(1));
    REQUIRE(world.now() < before);
    world.machine().advance(std::chrono::hours(2));
    REQUIRE(world.steady_now() - steady == std::chrono::hours(2) + std::chrono::microseconds(10));
}

TEST_CASE("a disk that lies loses what it was told to keep") {
    sim::machine_options options;
    options.sync_lies = true;
    sim::environment world(options);
    auto file = world.open("f", env::open_mode::create);
    world.sync_directory("");
    file.write_at(0, "kept?");
    file.sync();
    REQUIRE(possible(world, "f", 1) == std::set<std::string>{""});
}

TEST_CASE("several threads may use one machine") {
    sim::environment world;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([world, t]() mutable {
            for (int i = 0; i < 200; ++i) {
                auto file = world.open("f" + std::to_string(t), env::open_mode::write);
                file.write_at(static_cast<std::uint64_t>(i), "x");
                file.sync();
                if (i % 50 == 0) world.power_cut(static_cast<std::uint64_t>(i));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (int t = 0; t < 4; ++t) REQUIRE(text(world, "f" + std::to_string(t)) == std::string(200, 'x'));
}
