#include <phantomdb/env/posix.hpp>
#include <phantomdb/sim/environment.hpp>

#include "support/catch.hpp"
#include "support/process.hpp"

#include <sys/resource.h>

#include <csignal>

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

/// What every environment does with files in `root`.
template <env::environment Environment>
void obeys_the_laws(Environment environment, std::string const& root) {
    std::string const folder = env::join(root, "a/b");
    environment.create_directory(folder);
    environment.create_directory(folder);
    REQUIRE(environment.list(folder).empty());
    std::string const path = env::join(folder, "file");
    REQUIRE_FALSE(environment.exists(path));
    REQUIRE(caught([&] { environment.open(path, env::open_mode::read); }).code == errc::io_error);
    {
        auto file = environment.open(path, env::open_mode::write);
        file.write_at(0, "hello");
        file.write_at(8, "there");
        file.sync();
        REQUIRE(file.size() == 13);
        std::string bytes(20, '?');
        REQUIRE(file.read_at(3, bytes) == 10);
        REQUIRE(bytes.substr(0, 10) == std::string("lo\0\0\0there", 10));
        REQUIRE(file.read_at(13, bytes) == 0);
        file.truncate(5);
        REQUIRE(file.size() == 5);
    }
    REQUIRE(environment.open(path, env::open_mode::write).size() == 5);
    environment.open(env::join(folder, "another"), env::open_mode::create);
    REQUIRE(environment.list(folder) == std::vector<std::string>{"another", "file"});
    environment.rename(path, env::join(folder, "another"));
    environment.sync_directory(folder);
    REQUIRE(environment.list(folder) == std::vector<std::string>{"another"});
    REQUIRE(environment.open(env::join(folder, "another"), env::open_mode::read).size() == 5);
    REQUIRE(environment.open(env::join(folder, "another"), env::open_mode::create).size() == 0);
    environment.remove(env::join(folder, "another"));
    environment.remove(env::join(folder, "another"));
    REQUIRE(environment.list(folder).empty());
    {
        auto const held = environment.lock(env::join(folder, "lock"));
        REQUIRE(caught([&] { environment.lock(env::join(folder, "lock")); }).code == errc::lock_file_exists);
    }
    auto const again = environment.lock(env::join(folder, "lock"));
}

}  // namespace

TEST_CASE("the machine and the simulated one are both environments") {
    test::temporary_folder const folder;
    obeys_the_laws(env::posix(), folder.path().string());
    obeys_the_laws(sim::environment(), "root");
}

TEST_CASE("errors of the machine say what was tried and why it failed") {
    test::temporary_folder const folder;
    env::posix environment;
    error const missing = caught([&] { environment.open(folder / "nothing", env::open_mode::read); });
    REQUIRE(missing.code == errc::io_error);
    REQUIRE(missing.message == "could not open file \"" + folder / "nothing" + "\": No such file or directory");
    error const no_space = caught([&] { env::throw_system_error("write to file", "f", ENOSPC); });
    REQUIRE(no_space.code == errc::disk_full);
    REQUIRE_FALSE(no_space.hint.empty());
}

TEST_CASE("a write that the system cuts short is an error, not a shorter file") {
    test::temporary_folder const folder;
    env::posix environment;
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit const small{10'000, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    error const cut =
        caught([&] { environment.open(folder / "f", env::open_mode::create).write_at(0, std::string(20'000, 'x')); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    REQUIRE(cut.code == errc::io_error);
}

TEST_CASE("random bytes differ") {
    env::posix environment;
    char a[32]{};
    char b[32]{};
    environment.fill_random(a);
    environment.fill_random(b);
    REQUIRE(std::string(a, 32) != std::string(b, 32));
}
