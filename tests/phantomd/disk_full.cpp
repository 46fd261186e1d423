/// @file phantomd on real file systems of a few MiB that become full: 53100, reading goes on, and with room again writing.
#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace phantomdb::test;

namespace {

/// A file system of its own below a temporary folder, unmounted by its destructor.
class small_disk {
public:
    small_disk() : at_(folder_ / "disk") { std::filesystem::create_directory(at_); }
    small_disk(small_disk const&) = delete;
    small_disk& operator=(small_disk const&) = delete;
    ~small_disk() {
        if (is_mounted_) ::umount2(at_.c_str(), MNT_DETACH);
    }

    /// False: not possible here.
    bool mount_tmpfs(int megabytes) {
        std::string const size = "size=" + std::to_string(megabytes) + "m";
        return is_mounted_ = ::mount("phantomdb", at_.c_str(), "tmpfs", 0, size.c_str()) == 0;
    }
    bool mount_ext4(int megabytes) {
        std::string const image = folder_ / "image";
        std::ofstream(image).close();
        std::filesystem::resize_file(image, static_cast<std::uintmax_t>(megabytes) << 20);
        try {
            if (run_program({"mkfs.ext4", "-q", "-F", "-m", "0", image}).status != 0) return false;
            return is_mounted_ = run_program({"mount", "-o", "loop", image, at_}).status == 0;
        } catch (std::exception const&) {  // the programs are not there
            return false;
        }
    }

    std::string operator/(std::string const& name) const { return at_ + "/" + name; }

private:
    temporary_folder folder_;
    std::string at_;
    bool is_mounted_ = false;
};

/// Whether the log of the server has `line`, now or soon.
bool appears(phantomd_server const& server, std::string const& line) {
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (server.log().find(line) == std::string::npos) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

/// The ballast is larger than what is left beside it: what the log took in has to fit into the stores as well.
void fill_and_free(small_disk const& disk) {
    std::string const ballast = disk / "ballast";
    {
        std::ofstream file(ballast, std::ios::binary);
        std::string const block(1 << 20, 'b');
        for (int i = 0; i < 26; ++i) file << block;
        file.flush();
        REQUIRE(file.good());
    }
    auto server = std::make_optional<phantomd_server>(disk / "db");
    auto client = std::make_optional<sql_client>(server->connection());
    REQUIRE(client
                ->query("create table t(id int primary key, v text); create index t_v on t(v);"
                        "create table l(id int primary key, v text) using lsm")
                .ok());
    int rows = 0;
    auto const insert = [&] {
        std::string const number = std::to_string(rows);
        auto done = client->query("begin; insert into t values (" + number + ", repeat('t" + number + "', 1000));" +
                                  "insert into l values (" + number + ", repeat('l" + number + "', 1000)); commit");
        if (done.ok()) {
            ++rows;
        } else {
            client->query("rollback");
        }
        return done;
    };
    auto const counts = [&] {
        std::string text;
        for (std::string const table : {"t", "l"}) {
            auto const found = client->query("select count(*) from " + table);
            INFO(found.message);
            REQUIRE(found.ok());
            text += *found.rows[0][0] + " ";
        }
        return text;
    };
    auto const both = [&] { return std::to_string(rows) + " " + std::to_string(rows) + " "; };

    sql_result refused;
    while (rows < 100'000 && (refused = insert()).ok()) {
    }
    INFO(rows << " rows, then: " << refused.sqlstate << " " << refused.message << "\n" << server->log());
    REQUIRE(refused.sqlstate == "53100");
    REQUIRE(rows > 100);
    CHECK(insert().sqlstate == "53100");
    // A checkpoint finds no room either, and costs nothing that is there.
    auto const checkpoint = client->query("checkpoint");
    CHECK((checkpoint.ok() || checkpoint.sqlstate == "53100"));
    CHECK(counts() == both());
    // The log of the server has what the background met with, and few lines of it.
    std::string const failed = "event=\"background task failed\" task=checkpoint sqlstate=53100";
    CHECK(appears(*server, failed));

    std::filesystem::remove(ballast);
    int const before = rows;
    auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (rows < before + 50 && std::chrono::steady_clock::now() < deadline) {
        if (!insert().ok()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    CHECK(rows == before + 50);
    CHECK(appears(*server, "event=\"background task works again\" task=checkpoint"));
    std::string const log = server->log();
    int lines = 0;  // one a minute, and it has tried every two seconds
    for (auto at = log.find(failed); at != log.npos; at = log.find(failed, at + 1)) ++lines;
    CHECK(lines < 4);
    CHECK(client->query("checkpoint").ok());
    CHECK(counts() == both());

    client.reset();
    CHECK(server->stop() == 0);
    auto const checked = run_program({tool("phantomd"), "--check", disk / "db"});
    INFO(checked.output << checked.errors);
    CHECK(checked.status == 0);
    server.emplace(disk / "db");
    client.emplace(server->connection());
    CHECK(counts() == both());
}

}  // namespace

TEST_CASE("a full tmpfs refuses writes with 53100, and room brings them back") {
    small_disk disk;
    if (::geteuid() != 0 || !disk.mount_tmpfs(40)) PHANTOMDB_SKIP("a tmpfs cannot be mounted here");
    fill_and_free(disk);
}

TEST_CASE("a full ext4 refuses writes with 53100, and room brings them back") {
    small_disk disk;
    if (::geteuid() != 0 || !disk.mount_ext4(48)) PHANTOMDB_SKIP("an ext4 cannot be made and mounted here");
    fill_and_free(disk);
}
