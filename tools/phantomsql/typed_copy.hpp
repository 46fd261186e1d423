#pragma once
// Ctrl-C against data typed for COPY. The signal may come on any thread and at any moment, also just before a read begins
// that would then wait for ever: so the reader waits for two things at once, a line and a byte that the handler writes.
// And the terminal throws away at Ctrl-C what was typed, also what the reader was just told of: so no read may wait.

#include <poll.h>
#include <unistd.h>

#include <fcntl.h>
#include <atomic>
#include <cerrno>
#include <string>

namespace phantomsql {

/// Whether COPY reads from the terminal, and whether that was interrupted. One a process, as the terminal is.
class typed_copy {
public:
    /// Data is asked for: from now on Ctrl-C is meant for it.
    static void begin() {
        if (wake_[0] < 0 && pipe(wake_) == 0) {
            for (int end : wake_) fcntl(end, F_SETFL, O_NONBLOCK), fcntl(end, F_SETFD, FD_CLOEXEC);
        }
        // Opened once more, for whether reads wait belongs to the open file, which other programs share as standard input.
        char name[256];
        if (terminal_ == STDIN_FILENO && ttyname_r(STDIN_FILENO, name, sizeof name) == 0) {
            int const own = open(name, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
            if (own >= 0) terminal_ = own;
        }
        for (char spent[16]; read(wake_[0], spent, sizeof spent) > 0;) {
        }
        state_ = reading;
    }

    static void end() { state_ = idle; }

    /// For the handler of SIGINT: true when the signal was for a COPY, which then ends. Safe in a signal handler.
    static bool interrupt() {
        if (state_ == idle) return false;
        state_ = stopped;
        int const kept = errno;
        [[maybe_unused]] auto written = write(wake_[1], "", 1);
        errno = kept;
        return true;
    }

    enum class outcome { line, end, interrupted };

    /// The next line from the terminal, with its line break. At the end (Ctrl-D) `line` may still hold what had none.
    static outcome read_line(std::string& line) {
        line.clear();
        pollfd either[2] = {{terminal_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        for (char bytes[4096];;) {
            if (state_ == stopped) return outcome::interrupted;
            if (poll(either, 2, -1) < 0 && errno != EINTR) return outcome::end;
            if (state_ == stopped) return outcome::interrupted;
            ssize_t const n = read(terminal_, bytes, sizeof bytes);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (n <= 0) return outcome::end;
            line.append(bytes, static_cast<std::size_t>(n));  // a terminal gives one line at a time, or a part of one
            if (line.back() == '\n') return outcome::line;
        }
    }

private:
    enum state { idle, reading, stopped };
    static inline std::atomic<state> state_ = idle;
    static inline int wake_[2] = {-1, -1};
    static inline int terminal_ = STDIN_FILENO;
};

}  // namespace phantomsql
