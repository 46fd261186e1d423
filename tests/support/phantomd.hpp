/// @file A phantomd of the test's own, on a free loopback port.
#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/process.hpp"

namespace phantomdb::test {

/// A running server on the data directory `folder`. Killed when the test ends or dies before it stops it.
class phantomd_server {
public:
    /// Returns when clients can connect. Throws std::runtime_error with the log if the server doesn't start.
    explicit phantomd_server(std::string folder, std::vector<std::string> const& more_arguments = {},
                             std::string const& listen = "127.0.0.1:0")
        : folder_(std::move(folder)) {
        std::string const port_file = files_ / "port";
        std::vector<std::string> command{tool("phantomd"), "--data",      folder_,  "--listen",
                                         listen,           "--port-file", port_file};
        command.insert(command.end(), more_arguments.begin(), more_arguments.end());
        process_options options;
        options.errors = files_ / "log";
        server_ = process(std::move(command), options);
        while (!std::filesystem::exists(port_file)) {
            if (!server_.running()) throw std::runtime_error("phantomd does not start: " + log());
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        port_ = std::stoi(read_file(port_file));
    }

    int port() const { return port_; }
    /// For `sql_client` and psql.
    std::string connection(std::string const& more = "dbname=postgres") const {
        return "host=127.0.0.1 user=postgres connect_timeout=10 port=" + std::to_string(port_) + " " + more;
    }
    std::string log() const { return read_file(files_ / "log"); }
    std::string const& folder() const { return folder_; }

    /// Asks it to stop; its exit status.
    int stop(int signal = SIGTERM) {
        server_.kill(signal);
        return server_.wait_for(std::chrono::seconds(30));
    }
    process& handle() { return server_; }

private:
    std::string folder_;
    temporary_folder files_;
    process server_;
    int port_ = 0;
};

}  // namespace phantomdb::test
