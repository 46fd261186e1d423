#pragma once
// Ctrl-C against data typed for COPY. The signal may come on any thread and at any moment, also just before a read begins
// that would then wait for ever: so the reader waits for two things at once, a line and a byte that the handler writes.

#include <poll.h>
#include <unistd.h>

#include <fcntl.h>
#include <atomic>
#include <cerrno>

namespace phantomsql {

/// Whether COPY reads from the terminal, and whether that was interrupted. One a process, as the terminal is.
class typed_copy {
public:
    /// Data is asked for: from now on Ctrl-C is meant for it.
    static void begin() {
        if (wake_[0] < 0 && pipe(wake_) == 0) {
            for (int end : wake_) fcntl(end, F_SETFL, O_NONBLOCK), fcntl(end, F_SETFD, FD_CLOEXEC);
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

    /// Waits until a line (or the end) can be read from standard input. False: interrupted.
    static bool wait_for_line() {
        pollfd either[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        while (state_ != stopped && poll(either, 2, -1) < 0 && errno == EINTR) {
        }
        return state_ != stopped;
    }

private:
    enum state { idle, reading, stopped };
    static inline std::atomic<state> state_ = idle;
    static inline int wake_[2] = {-1, -1};
};

}  // namespace phantomsql
