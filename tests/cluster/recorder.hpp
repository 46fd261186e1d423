/// @file Clients of real servers that write down what they asked and what they were answered, as histories for the checkers.
///
/// What counts is what a client may believe. A statement is `done`; or it has `failed` for sure, because the server said so; or nobody
/// knows: the connection broke, the time was up, the server was on its way down. Only what may have changed something is kept as
/// unknown; what surely did not happen is left out.
#pragma once

#include <phantomdb/testing/linearizability.hpp>
#include <phantomdb/testing/list_append.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/postgres.hpp"

namespace phantomdb::test {

/// Whether an error leaves open what became of a statement that changes something, or of a COMMIT.
inline bool leaves_open(std::string_view sqlstate) {
    return sqlstate.empty() || sqlstate.starts_with("08") || sqlstate.starts_with("57") || sqlstate.starts_with("58") ||
           sqlstate.starts_with("XX") || sqlstate == "40003" || sqlstate.starts_with("53");
}

/// One client of any of several servers: when one cannot be reached or does not take what is asked of it, the next one is tried.
class recording_client {
public:
    recording_client(std::uint64_t number, std::vector<std::string> servers)
        : number_(number), servers_(std::move(servers)), random_(number * 7919 + 1) {}

    std::uint64_t number() const { return number_; }
    std::mt19937_64& random() { return random_; }

    /// The same clock for all clients of this process, which is what comparing their times needs.
    static std::uint64_t now() {
        return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    }

    /// Connected, or not within `patience`.
    bool connect() {
        if (connection_) return true;
        try {
            connection_ = std::make_unique<sql_client>(servers_[at_ % servers_.size()] + " connect_timeout=2");
        } catch (std::runtime_error const&) {
            next_server();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return connection_ != nullptr;
    }
    /// The answer, its error 08006 where there was none. After such an error the connection is another one.
    sql_result ask(std::string const& text, std::vector<std::optional<std::string>> const& parameters = {}) {
        sql_result answer;
        answer.sqlstate = "08006";
        if (connection_) {
            if (auto given = connection_->query_within(patience, text, parameters)) answer = std::move(*given);
        }
        if (answer.sqlstate.starts_with("08") || answer.sqlstate.starts_with("57P") || answer.sqlstate == "25006")
            next_server();
        return answer;
    }
    void next_server() {
        connection_.reset();
        ++at_;
    }

private:
    static constexpr std::chrono::milliseconds patience{3000};
    std::uint64_t number_;
    std::vector<std::string> servers_;
    std::mt19937_64 random_;
    std::size_t at_ = 0;
    std::unique_ptr<sql_client> connection_;
};

/// Reads, writes and compares registers: rows of the table `registers`.
class register_recorder {
public:
    using operation = testing::operation<testing::register_model>;
    using kind = testing::register_model::kind;

    static constexpr char const* schema = "create table registers (k text primary key, v bigint not null)";

    register_recorder(std::uint64_t number, std::vector<std::string> servers, std::size_t keys)
        : client_(number, std::move(servers)), keys_(keys) {}

    /// One operation chosen by chance, if there is a server.
    void step() {
        if (!client_.connect()) return;
        auto& random = client_.random();
        operation made{client_.number(), "r" + std::to_string(random() % keys_), {}, {}, recording_client::now(), 0};
        made.call.kind = static_cast<kind>(random() % 3);
        if (made.call.kind != kind::read)
            made.call.argument = static_cast<std::int64_t>(client_.number() * 1'000'000 + ++written_);
        // Of what it has last seen, so that it finds it now and then.
        if (made.call.kind == kind::compare_and_set) made.call.expected = seen_[made.key].value_or(0);
        sql_result const answer = run(made);
        made.returned = recording_client::now();
        if (answer.ok()) {
            testing::register_model::result result;
            if (made.call.kind == kind::read && !answer.rows.empty()) result.read = std::stoll(answer.value());
            if (made.call.kind == kind::compare_and_set) result.applied = answer.tag == "UPDATE 1";
            seen_[made.key] = made.call.kind == kind::read ? result.read : made.call.argument;
            made.result = result;
        } else if (made.call.kind == kind::read || !leaves_open(answer.sqlstate)) {
            ++failed_;
            return;
        }
        history_.push_back(std::move(made));
    }
    std::vector<operation> const& history() const { return history_; }
    /// Operations that surely did not happen.
    std::size_t failed() const { return failed_; }

private:
    sql_result run(operation const& o) {
        auto const text = [](testing::register_model::value v) { return std::optional(std::to_string(*v)); };
        switch (o.call.kind) {
            case kind::read: return client_.ask("select v from registers where k = $1", {o.key});
            case kind::write:
                return client_.ask("insert into registers values ($1, $2) on conflict (k) do update set v = excluded.v",
                                   {o.key, text(o.call.argument)});
            case kind::compare_and_set: break;
        }
        return client_.ask("update registers set v = $3 where k = $1 and v = $2",
                           {o.key, text(o.call.expected), text(o.call.argument)});
    }

    recording_client client_;
    std::size_t keys_;
    std::uint64_t written_ = 0;
    std::size_t failed_ = 0;
    std::map<std::string, testing::register_model::value> seen_;
    std::vector<operation> history_;
};

/// Transactions that read lists and append to them: rows of the table `lists`, as text with commas.
class list_recorder {
public:
    static constexpr char const* schema = "create table lists (k text primary key, v text not null)";

    list_recorder(std::uint64_t number, std::vector<std::string> servers, std::size_t keys, std::string isolation)
        : client_(number, std::move(servers)), keys_(keys), isolation_(std::move(isolation)) {}

    /// One transaction of one to four steps, if there is a server.
    void step() {
        if (!client_.connect()) return;
        auto& random = client_.random();
        testing::list_transaction made;
        made.client = client_.number();
        made.invoked = recording_client::now();
        made.outcome = testing::fate::aborted;
        bool good = client_.ask("begin isolation level " + isolation_).ok();
        for (auto n = 1 + random() % 4; good && n > 0; --n) {
            testing::list_step step{"l" + std::to_string(random() % keys_), {}, {}};
            if (random() % 2 == 0) {
                step.append = static_cast<std::int64_t>(client_.number() * 1'000'000 + ++appended_);
                good = client_
                           .ask(
                               "insert into lists values ($1, $2) on conflict (k) do update set v = lists.v || ',' || "
                               "excluded.v",
                               {step.key, std::to_string(*step.append)})
                           .ok();
            } else {
                auto const answer = client_.ask("select v from lists where k = $1", {step.key});
                good = answer.ok();
                if (good) step.read = read_list(answer.rows.empty() ? std::string() : answer.value());
            }
            made.steps.push_back(std::move(step));
        }
        if (good) {
            auto const answer = client_.ask("commit");
            if (answer.ok() && answer.tag == "COMMIT") made.outcome = testing::fate::committed;
            else if (leaves_open(answer.sqlstate) && !answer.ok()) made.outcome = testing::fate::unknown;
        } else {
            client_.ask("rollback");
        }
        made.returned = recording_client::now();
        history_.push_back(std::move(made));
    }
    std::vector<testing::list_transaction> const& history() const { return history_; }

    static std::vector<std::int64_t> read_list(std::string const& text) {
        std::vector<std::int64_t> list;
        std::istringstream in(text);
        for (std::string value; std::getline(in, value, ',');) list.push_back(std::stoll(value));
        return list;
    }

private:
    recording_client client_;
    std::size_t keys_;
    std::string isolation_;
    std::uint64_t appended_ = 0;
    std::vector<testing::list_transaction> history_;
};

/// Runs recorders, each in its thread, from construction to `stop`.
template <class Recorder>
class recording {
public:
    explicit recording(std::vector<Recorder> recorders) : recorders_(std::move(recorders)) {
        for (Recorder& each : recorders_) {
            threads_.emplace_back([this, &each] {
                while (!stopped_) {
                    each.step();
                    ++steps_;
                }
            });
        }
    }
    ~recording() { stop(); }

    void stop() {
        stopped_ = true;
        for (auto& thread : threads_) thread.join();
        threads_.clear();
    }
    /// Steps of all, so far: what a test waits for instead of time.
    std::size_t steps() const { return steps_; }
    /// Waits until `more` steps have been made; false after much too long.
    bool goes_on(std::size_t more) const {
        std::size_t const from = steps();
        for (int patience = 0; patience < 12000; ++patience) {
            if (steps() >= from + more) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        return false;
    }
    /// Everything, once it is stopped.
    auto history() const {
        std::remove_cvref_t<decltype(recorders_[0].history())> all;
        for (Recorder const& each : recorders_) all.insert(all.end(), each.history().begin(), each.history().end());
        return all;
    }

private:
    std::vector<Recorder> recorders_;
    std::vector<std::thread> threads_;
    std::atomic<bool> stopped_{false};
    std::atomic<std::size_t> steps_{0};
};

}  // namespace phantomdb::test
