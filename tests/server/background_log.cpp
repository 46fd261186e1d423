#include "support/catch.hpp"
#include "support/process.hpp"

#include <phantomdb/server/background_log.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

using namespace phantomdb;
using namespace phantomdb::server;
using mvcc::background_task;

namespace {

/// Standard error in a file, while it lives.
class captured_errors {
public:
    captured_errors() : before_(::dup(2)) {
        int const file = ::open(path_.c_str(), O_CREAT | O_WRONLY, 0600);
        ::dup2(file, 2);
        ::close(file);
    }
    captured_errors(captured_errors const&) = delete;
    captured_errors& operator=(captured_errors const&) = delete;
    ~captured_errors() { end(); }
    std::string end() {
        if (before_ >= 0) {
            ::dup2(before_, 2);
            ::close(before_);
            before_ = -1;
        }
        return test::read_file(path_);
    }

private:
    test::temporary_folder folder_;
    std::string path_ = folder_ / "errors";
    int before_;
};

mvcc::background_event full(background_task task, bool refused = false) {
    return {task, error(errc::disk_full, "the disk is full"), std::chrono::seconds(2), refused};
}

std::size_t times(std::string const& text, std::string const& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("what fails every two seconds is a line a minute, with a number") {
    captured_errors errors;
    {
        event_log log(log_format::text, log_level::info);
        background_log background(log);
        background_log::clock::time_point now{};
        for (int i = 0; i < 60; ++i, now += std::chrono::seconds(2))
            background.write(full(background_task::checkpoint, true), now);
        background.write({background_task::checkpoint, {}, {}, false}, now);
        background.write({background_task::checkpoint, {}, {}, false}, now);
    }
    std::string const text = errors.end();
    INFO(text);
    CHECK(times(text, "\n") == 3);
    CHECK(times(text,
                "level=error event=\"background task failed\" task=checkpoint sqlstate=53100 message=\"the disk is "
                "full\" next=\"tried again in 2 s; until it succeeds, writes are refused\" failures=1\n") == 1);
    CHECK(times(text, "failures=30\n") == 1);
    CHECK(times(text, "level=info event=\"background task works again\" task=checkpoint failures=60\n") == 1);
}

TEST_CASE("another task and another reason are told at once, a task that comes and goes is not") {
    captured_errors errors;
    {
        event_log log(log_format::text, log_level::info);
        background_log background(log);
        background_log::clock::time_point now{};
        for (int i = 0; i < 20; ++i, now += std::chrono::seconds(1)) {
            background.write(full(background_task::maintenance), now);
            background.write({background_task::maintenance, {}, {}, false}, now);
        }
        background.write(full(background_task::checkpoint), now);
        background.write({background_task::checkpoint, error(errc::io_error, "broken"), {}, false}, now);
    }
    std::string const text = errors.end();
    INFO(text);
    CHECK(times(text, "\n") == 4);
    CHECK(times(text, "task=maintenance") == 2);
    CHECK(times(text, "task=checkpoint sqlstate=53100") == 1);
    CHECK(times(text, "sqlstate=58030 message=broken next=\"tried again when the database is opened again\"") == 1);
}
