/// @file Programs that a test starts, and the folders and ports it gives them. All are gone when the test ends.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace phantomdb::test {

/// An empty folder that is removed with all its content.
class temporary_folder {
public:
    temporary_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "phantomdb-test-XXXXXX").string();
        if (!mkdtemp(pattern.data())) throw std::system_error(errno, std::generic_category(), pattern);
        path_ = pattern;
    }
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path const& path() const { return path_; }
    /// The path of `name` in it.
    std::string operator/(std::string const& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// A TCP port of the loopback interface that was free a moment ago, and that this process was not given before. Not one of those
/// that the system gives to whoever calls somewhere: a server that is started again on it would find it taken.
inline int free_port() {
    static std::set<int> given;
    static std::mt19937 random{std::random_device{}()};
    for (int attempt = 0; attempt < 1000; ++attempt) {
        int const port = std::uniform_int_distribution(10'000, 32'000)(random);
        if (!given.insert(port).second) continue;
        int const listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        bool const free = ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        ::close(listener);
        if (free) return port;
    }
    throw std::runtime_error("no free port");
}

inline std::string read_file(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::system_error(errno, std::generic_category(), path);
    std::ostringstream content;
    content << file.rdbuf();
    return std::move(content).str();
}

inline void write_file(std::string const& path, std::string const& content) {
    std::ofstream(path, std::ios::binary) << content;
}

/// How a program is started: its streams are files ("" for /dev/null), `user` is who it runs as if that can be chosen.
struct process_options {
    std::string input, output, errors;
    std::string folder;
    std::string user;
    std::vector<std::string> environment;  ///< "NAME=value", added to the test's own
};

/// A running program. Killed with SIGKILL when the test ends or dies before it does.
class process {
public:
    process() = default;

    /// Starts `command[0]`, looked up in PATH. A program that cannot be executed ends with status 127.
    explicit process(std::vector<std::string> command, process_options options = {}) {
        std::vector<char*> arguments;
        for (auto& word : command) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        passwd const* user = options.user.empty() || ::geteuid() != 0 ? nullptr : ::getpwnam(options.user.c_str());
        pid_ = ::fork();
        if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (pid_ > 0) return;

        auto const redirect = [](std::string const& path, int flags, int target) {
            int const file = ::open(path.empty() ? "/dev/null" : path.c_str(), flags | O_CLOEXEC, 0600);
            if (file < 0 || ::dup2(file, target) < 0) ::_exit(126);
        };
        redirect(options.input, O_RDONLY, 0);
        redirect(options.output, O_WRONLY | O_CREAT | O_TRUNC, 1);
        if (!options.errors.empty() && options.errors == options.output) ::dup2(1, 2);
        else redirect(options.errors, O_WRONLY | O_CREAT | O_TRUNC, 2);
        if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(126);
        for (auto& setting : options.environment) ::putenv(setting.data());
        if (user && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::signal(SIGPIPE, SIG_DFL);
        ::execvp(arguments[0], arguments.data());
        ::_exit(127);
    }

    process(process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}
    process& operator=(process&& other) noexcept {
        std::swap(pid_, other.pid_);
        std::swap(status_, other.status_);
        return *this;
    }
    ~process() {
        if (running()) kill(SIGKILL), wait();
    }

    pid_t pid() const { return pid_; }

    void kill(int signal) {
        if (pid_ > 0) ::kill(pid_, signal);
    }

    bool running() { return pid_ > 0 && !reap(WNOHANG); }

    /// Waits for its end. Its exit status, or minus the signal that ended it.
    int wait() {
        while (pid_ > 0 && !reap(0)) continue;
        return WIFSIGNALED(status_) ? -WTERMSIG(status_) : WEXITSTATUS(status_);
    }

    /// As `wait`, but gives up after `limit` and kills it, which gives -SIGKILL.
    int wait_for(std::chrono::milliseconds limit) {
        auto const deadline = std::chrono::steady_clock::now() + limit;
        while (running() && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (running()) kill(SIGKILL);
        return wait();
    }

private:
    bool reap(int options) {
        if (::waitpid(pid_, &status_, options) != pid_) return false;
        pid_ = -1;
        return true;
    }

    pid_t pid_ = -1;
    int status_ = 0;
};

/// What a finished program said.
struct program_result {
    int status;  ///< exit status, or minus the signal
    std::string output, errors;
};

/// Runs a program to its end, with `input` on its standard input.
inline program_result run_program(std::vector<std::string> command, std::string const& input = "",
                                  std::chrono::milliseconds limit = std::chrono::minutes(5),
                                  process_options options = {}) {
    temporary_folder streams;
    options.input = streams / "in";
    options.output = streams / "out";
    options.errors = streams / "err";
    write_file(options.input, input);
    process child(std::move(command), options);
    int const status = child.wait_for(limit);
    return {status, read_file(options.output), read_file(options.errors)};
}

/// The path of a tool of this build, for instance `phantomd`.
inline std::string tool(std::string const& name) { return std::string(PHANTOMDB_BINARY_FOLDER "/") + name; }

}  // namespace phantomdb::test
