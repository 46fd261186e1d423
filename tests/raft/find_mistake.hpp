/// @file Runs a simulation in a process of its own, because what is wrong on purpose may end it by an assertion.
#pragma once

#include "support/catch.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace phantomdb::test {

/// Whether `run`, which answers whether all held, finds something: by its answer, an exception or an assertion.
template <class Run>
bool finds_something(Run&& run) {
    ::pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(0);
        ::signal(SIGABRT, SIG_DFL);
        try {
            ::_exit(run() ? 0 : 1);
        } catch (std::exception const&) {
            ::_exit(1);
        }
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace phantomdb::test
