/// phantomd: serves a data directory to PostgreSQL clients.
#include <phantomdb/base/config.hpp>
#include <phantomdb/cluster/options.hpp>
#include <phantomdb/server/background_log.hpp>
#include <phantomdb/server/cluster_log.hpp>
#include <phantomdb/server/listener.hpp>
#include <phantomdb/sql/configuration.hpp>
#include <phantomdb/sql/scram_verifier.hpp>

#include "maintenance.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace {

using namespace phantomdb;
using server::log_level;

struct command_line {
    std::filesystem::path data, port_file, tls_certificate, tls_key;
    std::string backup, restore, check;
    server::listener_options listening;
    server::authentication who_must_authenticate = server::authentication::automatic;
    server::log_format format = server::log_format::text;
    log_level level = log_level::info;
    std::int64_t slow_ms = -1, login_timeout_s = 60;
    bool synchronous_commit = true;
    std::vector<std::string> settings;
    cluster::cluster_words cluster;
    std::atomic<bool> node_failed{false};  ///< it takes no part in its cluster any more
};

constexpr char const* more_help = R"help(
Local clients (loopback and Unix socket) are trusted until a role has a password; from then on, and always for clients
from other machines, SCRAM-SHA-256 is asked for. To set the first password, before the server starts or over a local
connection:
  phantomsql DIR -c "alter role postgres password '...'"

A server that runs makes backups and checks itself, while it serves:
  psql -c "select phantomdb_backup('/path/file')"
  psql -c "select * from phantomdb_check()"

Three nodes that keep one database, each with a directory of its own; clients may connect to any of them:
  phantomd -D n1 --node-id 1 --peers 1=h1:7000,2=h2:7000,3=h3:7000 ...

Signals: SIGTERM or SIGINT end all sessions and stop; a second one does not wait for clients to listen.
Exit status: 0 after a clean stop, 1 if the server could not start or stop, as said on standard error.
--backup and --restore: 0 done, 1 not. --check: 0 nothing found, 1 problems on standard output, 2 could not check.)help";

/// An option that takes one of a few words.
template <class T>
void add_choice(CLI::App& app, std::string const& name, T& into, std::map<std::string, T> const& choices,
                std::string const& help) {
    std::vector<std::string> words;
    for (auto const& [word, meaning] : choices) words.push_back(word);
    app.add_option_function<std::string>(
           name, [&into, choices](std::string const& word) { into = choices.at(word); }, help)
        ->check(CLI::IsMember(words));
}

void describe(CLI::App& app, command_line& line) {
    app.description("Serves a PhantomDB data directory over PostgreSQL's protocol.");
    app.footer(more_help);
    app.set_version_flag("--version", std::string("phantomd ") + version_text);
    app.add_option("--data,-D", line.data, "data directory; made if there is none");
    auto* backup = app.add_option("--backup", line.backup,
                                  "don't serve: write the data directory to this file, which must not exist");
    auto* restore = app.add_option("--restore", line.restore, "don't serve: make the data directory from this backup");
    auto* check = app.add_option("--check", line.check, "don't serve: check everything in this data directory");
    backup->excludes(restore);
    check->excludes(backup)->excludes(restore);
    app.add_option("--listen", line.listening.addresses,
                   "host:port to listen on, may be repeated; port 0 takes a free one; '' for none")
        ->capture_default_str();
    app.add_option("--socket-dir", line.listening.socket_folder, "folder for a Unix socket, .s.PGSQL.<port>");
    add_choice(app, "--auth", line.who_must_authenticate,
               {{"auto", server::authentication::automatic},
                {"trust", server::authentication::trust},
                {"scram", server::authentication::scram}},
               "who needs a password: auto (see below; the default), trust (nobody local), scram (all)");
    app.add_option("--max-connections", line.listening.max_connections, "sessions at a time")
        ->check(CLI::Range(1, 100000))
        ->capture_default_str();
    app.add_option("--login-timeout", line.login_timeout_s, "seconds a client may take to log in")
        ->check(CLI::Range(1, 3600))
        ->capture_default_str();
    auto* certificate = app.add_option("--tls-cert", line.tls_certificate, "certificate (PEM) for TLS connections");
    auto* key = app.add_option("--tls-key", line.tls_key, "key (PEM) of the certificate");
    certificate->needs(key);
    key->needs(certificate);
    app.add_option("--port-file", line.port_file, "file to write the port to once clients can connect");
    add_choice(app, "--log-format", line.format,
               {{"text", server::log_format::text}, {"json", server::log_format::json}},
               "one line an event on standard error (default: text)");
    add_choice(app, "--log-level", line.level,
               {{"debug", log_level::debug},
                {"info", log_level::info},
                {"warning", log_level::warning},
                {"error", log_level::error}},
               "least level logged (default: info)");
    app.add_option("--log-slow-ms", line.slow_ms, "log statements that take this many milliseconds or more");
    app.add_flag_callback(
        "--no-synchronous-commit", [&line] { line.synchronous_commit = false; },
        "acknowledge commits before they are on disk (a crash may lose the last ones)");
    app.add_option(
        "--set,-c", line.settings,
        "NAME=VALUE: a setting, as in phantomdb.conf in the data directory, over which it wins; may be repeated");
    for (cluster::cluster_option const& option : cluster::cluster_option_table) {
        app.add_option_function<std::string>(
               "--" + std::string(option.name),
               [&line, name = option.name](std::string const& said) { line.cluster.on_command_line(name, said); },
               std::string(option.help) + "; in phantomdb.conf: " + option.name_in_file())
            ->group("Cluster");
    }
}

/// What the command line and the configuration say of a cluster.
std::optional<cluster::cluster_options> cluster_of(command_line& line) {
    if (std::filesystem::exists(line.data)) {
        sql::configuration const files(line.data.string(), {});
        auto const settings = files.now();
        for (auto const& [name, said] : settings->values) line.cluster.in_file(name, said.text);
    }
    auto made = cluster::read_cluster_options(line.cluster);
    if (made && made->clients.empty() && !line.listening.addresses.empty()) {
        auto const first = env::parse_address(line.listening.addresses.front());
        if (first && first->port != 0 && !cluster::detail::is_any_host(first->host))
            made->clients = env::text_of(*first);
    }
    return made;
}

/// Opening replays the log, which can take a while: says so once a second.
sql::instance open_store(command_line& line, server::event_log& log, server::background_log& background,
                         server::cluster_log& cluster_events) {
    sql::instance_options options;
    if (auto member = cluster_of(line)) {
        log.write(log_level::info, "cluster node",
                  {{"node", member->node}, {"cluster", member->name}, {"listen", member->listen}});
        cluster::replica_options replica;
        replica.cluster = std::move(*member);
        replica.on_event = [&cluster_events, &line](cluster::replica_event const& event) {
            cluster_events.write(event);
            // A node that cannot take part must not look as if it did.
            if (event.what != cluster::replica_event::kind::failed) return;
            line.node_failed = true;
            ::kill(::getpid(), SIGTERM);
        };
        replica.on_transport_event = [&cluster_events](cluster::transport_event const& event) {
            cluster_events.write(event);
        };
        options.replica = std::make_shared<cluster::replica_options const>(std::move(replica));
    }
    options.synchronous_commit = line.synchronous_commit;
    options.settings["max_connections"] = std::to_string(line.listening.max_connections);
    if (!line.listening.socket_folder.empty()) {
        options.settings["unix_socket_directories"] = line.listening.socket_folder.string();
    }
    std::string addresses;
    for (auto const& address : line.listening.addresses) addresses += (addresses.empty() ? "" : ", ") + address;
    options.settings["listen_addresses"] = addresses;
    for (auto const& said : line.settings) {
        auto const equal = said.find('=');
        if (equal == std::string::npos) {
            throw error(errc::invalid_parameter_value, "--set \"" + said + "\" has no value")
                .with_hint("Say --set NAME=VALUE.");
        }
        options.settings[said.substr(0, equal)] = said.substr(equal + 1);
    }
    auto last = std::chrono::steady_clock::now();
    options.progress = [&log, last](std::string_view step, std::uint64_t done, std::uint64_t total) mutable {
        auto const now = std::chrono::steady_clock::now();
        if (total == 0 || (now - last < std::chrono::seconds(1) && done != total)) return;
        last = now;
        log.write(log_level::info, "opening", {{"step", step}, {"done", done}, {"total", total}});
    };
    options.on_background_event = [&background](mvcc::background_event const& event) { background.write(event); };
    return sql::instance::open(line.data, std::move(options));
}

/// Appears complete or not at all, for whoever waits for it.
void write_port_file(std::filesystem::path const& path, int port) {
    auto const unfinished = path.string() + ".part";
    std::ofstream file(unfinished);
    file << port << '\n';
    file.close();
    std::error_code failed;
    if (file) std::filesystem::rename(unfinished, path, failed);
    if (!file || failed) throw error(errc::io_error, "could not write the port file \"" + path.string() + "\"");
}

int serve(command_line& line, server::event_log& log) {
    auto const begun = std::chrono::steady_clock::now();
    auto const data = std::filesystem::absolute(line.data).string();
    log.write(log_level::info, "starting", {{"version", version_text}, {"pid", ::getpid()}, {"data", data}});
    std::optional<server::tls_identity> identity;
    if (!line.tls_certificate.empty()) identity.emplace(line.tls_certificate, line.tls_key);
    std::erase(line.listening.addresses, "");
    line.listening.login_timeout = std::chrono::seconds(line.login_timeout_s);
    line.listening.tls = identity ? &*identity : nullptr;

    server::background_log background(log);
    server::cluster_log cluster_events(log);
    sql::instance store = open_store(line, log, background, cluster_events);
    server::server_context context{.store = store,
                                   .log = log,
                                   .who_must_authenticate = line.who_must_authenticate,
                                   .options = {std::chrono::milliseconds(line.slow_ms)},
                                   .sessions = server::session_registry(line.listening.max_connections),
                                   .counters = {},
                                   .mock_secret = sql::random_bytes(32)};
    server::listener listener(context, line.listening);
    auto const took = std::chrono::steady_clock::now() - begun;
    for (auto const& address : listener.addresses()) log.write(log_level::info, "listening", {{"address", address}});
    log.write(log_level::info, "ready",
              {{"port", listener.port()},
               {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
    if (!line.port_file.empty()) write_port_file(line.port_file, listener.port());

    bool const clean = listener.run();
    auto const stored = store.counters();
    log.write(log_level::info, "stopped",
              {{"connections", context.counters.connections.load()},
               {"refused", context.counters.refused.load()},
               {"statements", context.counters.statements.load()},
               {"errors", context.counters.errors.load()},
               {"commits", stored.commits},
               {"rollbacks", stored.rollbacks},
               {"cache_hits", stored.cache_hits},
               {"cache_misses", stored.cache_misses}});
    if (!line.port_file.empty()) std::filesystem::remove(line.port_file);
    if (!clean) {
        // What was acknowledged is in the log on disk; the threads that don't end may still use everything else.
        log.write(log_level::error, "some statements did not end");
        log.flush();
        std::_Exit(1);
    }
    return line.node_failed ? 1 : 0;
}

}  // namespace

int main(int argument_count, char* arguments[]) {
    command_line line;
    CLI::App app;
    describe(app, line);
    try {
        app.parse(argument_count, arguments);
    } catch (CLI::ParseError const& said) {
        return app.exit(said) == 0 ? 0 : 1;
    }
    std::signal(SIGPIPE, SIG_IGN);
    if (!line.check.empty()) return check(line.check);
    if (line.data.empty()) {
        std::cerr << "phantomd: --data is required\nRun with --help for more information.\n";
        return 1;
    }
    if (!line.backup.empty()) return backup(line.data, line.backup);
    if (!line.restore.empty()) return restore(line.restore, line.data);
    server::event_log log(line.format, line.level);
    try {
        return serve(line, log);
    } catch (error const& failure) {
        log.write(log_level::error, "failed",
                  {{"sqlstate", failure.code.view()},
                   {"message", failure.message},
                   {"detail", failure.detail},
                   {"hint", failure.hint}});
    } catch (std::exception const& failure) {
        log.write(log_level::error, "failed", {{"message", failure.what()}});
    }
    return 1;
}
