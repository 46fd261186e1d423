#include "maintenance.hpp"

#include <phantomdb/base/error.hpp>
#include <phantomdb/sql/maintenance.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using namespace phantomdb;

/// How far the work has come: a line that rewrites itself on a terminal; elsewhere a line a step, and one every few seconds.
class progress_line {
public:
    progress_line() = default;
    progress_line(progress_line const&) = delete;
    progress_line& operator=(progress_line const&) = delete;
    ~progress_line() { clear(); }

    void show(std::string_view step, std::uint64_t done, std::uint64_t total) {
        auto const now = std::chrono::steady_clock::now();
        bool const fresh = step != step_;
        if (!fresh && now - last_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000)))
            return;
        last_ = now;
        step_ = step;
        std::uint64_t const percent = total == 0 ? 0 : 100 * std::min(done, total) / total;
        std::string text = std::string(step) + ": " + std::to_string(percent) + " %";
        if (!terminal_) {
            std::cerr << text << std::endl;
            return;
        }
        std::size_t const shown = text.size();
        text.resize(std::max(shown, width_), ' ');
        width_ = shown;
        std::cerr << '\r' << text << std::flush;
    }
    /// Leaves the line to others.
    void clear() {
        if (terminal_ && width_ > 0) std::cerr << '\r' << std::string(width_, ' ') << '\r' << std::flush;
        width_ = 0;
    }
    sql::step_progress reporter() {
        return [this](std::string_view step, std::uint64_t done, std::uint64_t total) { show(step, done, total); };
    }

private:
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::chrono::steady_clock::time_point last_{};
    std::string step_;
    std::size_t width_ = 0;
};

void tell(error const& failure, std::string_view hint_where_open) {
    std::cerr << "phantomd: " << failure.message << '\n';
    if (!failure.detail.empty()) std::cerr << "DETAIL: " << failure.detail << '\n';
    if (!failure.hint.empty()) std::cerr << "HINT: " << failure.hint << '\n';
    if (failure.code == errc::lock_file_exists && !hint_where_open.empty())
        std::cerr << "HINT: " << hint_where_open << '\n';
}

/// Runs `work(progress)`, which gives the exit status, and says what keeps it from being done.
template <class Work>
int guarded(int failed, std::string_view hint_where_open, Work&& work) {
    try {
        progress_line progress;
        return work(progress);
    } catch (error const& failure) {
        tell(failure, hint_where_open);
    } catch (std::exception const& failure) {
        std::cerr << "phantomd: " << failure.what() << '\n';
    }
    return failed;
}

void tell_done(std::string_view what, sql::backup_facts const& facts) {
    std::cerr << what << ": " << facts.entries << " entries, " << facts.bytes << " bytes, up to LSN " << facts.lsn
              << '\n';
}

}  // namespace

int backup(std::filesystem::path const& data, std::string const& file) {
    return guarded(1, "A server that runs writes a backup itself: psql -c \"select phantomdb_backup('/path/file')\"",
                   [&](progress_line& progress) {
                       auto const facts = sql::backup_directory(data, file, progress.reporter());
                       progress.clear();
                       tell_done("backup written and verified", facts);
                       return 0;
                   });
}

int restore(std::string const& file, std::filesystem::path const& data) {
    return guarded(1, "", [&](progress_line& progress) {
        auto const facts = sql::restore_directory(file, data, progress.reporter());
        progress.clear();
        tell_done("restored and verified", facts);
        return 0;
    });
}

int check(std::filesystem::path const& data) {
    return guarded(2, "A server that runs checks itself: psql -c \"select * from phantomdb_check()\"",
                   [&](progress_line& progress) {
                       sql::check_report report;
                       report.progress = progress.reporter();
                       report.on_problem = [&](std::string const& object, std::string const& problem) {
                           progress.clear();
                           std::cout << object << ": " << problem << std::endl;
                       };
                       auto const problems = sql::check_directory(data, report);
                       progress.clear();
                       std::cerr << (problems == 0 ? "no problems" : std::to_string(problems) + " problems") << '\n';
                       return problems == 0 ? 0 : 1;
                   });
}
