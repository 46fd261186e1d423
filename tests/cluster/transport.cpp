#include <phantomdb/cluster/transport.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cluster/certificates.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

using namespace phantomdb;
using namespace phantomdb::cluster;
using namespace std::chrono_literals;

namespace {

/// A transport and all that it was told.
class endpoint {
public:
    explicit endpoint(transport_options options) {
        transport_handlers handlers;
        handlers.message = [this](raft::message m) {
            while (held_.load()) std::this_thread::sleep_for(1ms);
            note([&] { messages_.push_back(std::move(m)); });
        };
        handlers.piece = [this](image_piece p) { note([&] { pieces_.push_back(std::move(p)); }); };
        handlers.piece_reply = [this](image_piece_reply r) { note([&] { replies_.push_back(std::move(r)); }); };
        handlers.unreachable = [this](node_id node) { note([&] { unreachable_.push_back(node); }); };
        handlers.event = [this](transport_event const& e) {
            note(
                [&] { events_.push_back(std::string(name_of(e.what)) + " " + std::to_string(e.node) + " " + e.text); });
        };
        transport_ = std::make_unique<transport>(std::move(options), std::move(handlers));
        transport_->start();
    }
    ~endpoint() { let_go(), transport_.reset(); }

    transport& operator*() { return *transport_; }
    transport* operator->() { return transport_.get(); }
    std::string address() const { return "127.0.0.1:" + std::to_string(transport_->port()); }

    /// While held, it takes in nothing.
    void hold() { held_ = true; }
    void let_go() { held_ = false; }

    /// Waits until `holds`, said of what it was told; false after much too long.
    template <class Predicate>
    bool eventually(Predicate holds, std::chrono::milliseconds patience = 20s) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, holds);
    }
    bool hears(std::string const& part) {
        return eventually([&] {
            return std::any_of(events_.begin(), events_.end(), [&](auto const& e) { return e.find(part) != e.npos; });
        });
    }
    bool receives(std::uint64_t term, std::chrono::milliseconds patience = 20s) {
        auto const is_it = [&](raft::message const& m) { return m.term == term; };
        return eventually([&] { return std::any_of(messages_.begin(), messages_.end(), is_it); }, patience);
    }
    std::vector<raft::message> messages() {
        std::lock_guard lock(mutex_);
        return messages_;
    }

    std::vector<image_piece> pieces_;
    std::vector<image_piece_reply> replies_;
    std::vector<node_id> unreachable_;
    std::vector<raft::message> messages_;

private:
    template <class Action>
    void note(Action action) {
        std::lock_guard lock(mutex_);
        action();
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> events_;
    std::atomic<bool> held_{false};
    std::unique_ptr<transport> transport_;
};

transport_options options_of(node_id node) {
    transport_options options;
    options.cluster = "test";
    options.node = node;
    options.listen = "127.0.0.1:0";
    options.first_pause = 5ms;
    options.longest_pause = 40ms;
    return options;
}

raft::message heartbeat(node_id from, node_id to, std::uint64_t term) {
    raft::message m;
    m.kind = raft::message_kind::heartbeat;
    m.from = from, m.to = to, m.term = term;
    return m;
}
raft::message append(node_id from, node_id to, std::uint64_t term, std::size_t bytes) {
    raft::message m;
    m.from = from, m.to = to, m.term = term;
    m.entries.push_back({term, 1, raft::entry_kind::command, std::string(bytes, 'x')});
    return m;
}

/// Sends until it is taken: connections come to be in their own time.
template <class Make>
bool sent(transport& from, Make const& message) {
    for (int tries = 0; tries < 4000; ++tries) {
        if (from.send(message)) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}
/// Sends one after another until one has arrived: what is queued when a connection fails is lost, as it should be.
bool gets_through(transport& from, endpoint& to, raft::message m) {
    for (int tries = 0; tries < 1000; ++tries) {
        from.send(m);
        if (to.receives(m.term, 20ms)) return true;
    }
    return false;
}

/// What a connection that speaks for itself is answered. `then` is sent after a first answer.
std::string answer_to(std::uint16_t port, std::string const& bytes, std::string const& then = {}) {
    int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    timeval const patience{20, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    std::string answer;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::recv(socket, buffer, sizeof buffer, 0)) > 0) {
        if (answer.empty() && !then.empty()) ::send(socket, then.data(), then.size(), MSG_NOSIGNAL);
        answer.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(socket);
    if (got < 0 && errno == EAGAIN) return "it waits";
    return answer;
}
std::string greeting(hello const& said) {
    std::string bytes;
    append_frame(bytes, said);
    return bytes;
}
refusal refused_for(std::uint16_t port, hello const& said) {
    std::string const answer = answer_to(port, greeting(said));
    std::string_view in = answer;
    auto const read = take_frame(in);
    REQUIRE(read);
    CHECK(in.empty());
    return std::get<hello_reply>(*read).why;
}

}  // namespace

TEST_CASE("two nodes speak to each other on both lanes") {
    endpoint one(options_of(1)), two(options_of(2));
    one->set_peer(2, two.address());
    two->set_peer(1, one.address());
    REQUIRE(sent(*one, heartbeat(1, 2, 7)));
    REQUIRE(sent(*one, append(1, 2, 8, 3'000'000)));
    REQUIRE(two.receives(7));
    REQUIRE(two.receives(8));
    for (auto const& m : two.messages()) {
        if (m.term == 8) CHECK(m == append(1, 2, 8, 3'000'000));
    }
    image_piece piece{1, 2, 9, {8, 100}, {}, 50, 60, 3, "0123456789", true};
    piece.members.voters.incoming.voters = {1, 2};
    REQUIRE(sent(*one, piece));
    REQUIRE(two.eventually([&] { return two.pieces_ == std::vector{piece}; }));
    image_piece_reply const reply{2, 1, {8, 100}, 60, false, true, "done"};
    REQUIRE(sent(*two, reply));
    REQUIRE(one.eventually([&] { return one.replies_ == std::vector{reply}; }));

    auto const numbers = one->statistics();
    REQUIRE(numbers.peers.size() == 1);
    CHECK(numbers.peers[0].node == 2);
    CHECK(numbers.peers[0].address == two.address());
    CHECK(numbers.peers[0].urgent.connected);
    CHECK(numbers.peers[0].urgent.frames == 1);
    CHECK(numbers.peers[0].bulk.frames == 2);
    CHECK(numbers.peers[0].bulk.bytes > 3'000'000);
    CHECK(two->statistics().received_bytes > 3'000'000);
    CHECK_FALSE(one->send(heartbeat(1, 3, 1)));
}

TEST_CASE("three nodes go on while one is gone, and find it again") {
    endpoint one(options_of(1)), two(options_of(2));
    auto third = std::make_unique<endpoint>(options_of(3));
    auto const place = [](endpoint& from, node_id node, std::string const& address) { from->set_peer(node, address); };
    place(one, 2, two.address()), place(one, 3, third->address());
    place(two, 1, one.address()), place(two, 3, third->address());
    REQUIRE(gets_through(*one, *third, heartbeat(1, 3, 1)));
    REQUIRE(gets_through(*two, *third, heartbeat(2, 3, 2)));

    std::uint16_t const port = (*third)->port();
    third.reset();
    REQUIRE(one.hears("connection lost 3"));
    REQUIRE(one.eventually([&] { return std::count(one.unreachable_.begin(), one.unreachable_.end(), 3u) > 0; }));
    REQUIRE(gets_through(*one, two, heartbeat(1, 2, 3)));

    auto options = options_of(3);
    options.listen = "127.0.0.1:" + std::to_string(port);
    options.peers = {{1, one.address()}, {2, two.address()}, {3, "127.0.0.1:1"}};
    third = std::make_unique<endpoint>(options);
    REQUIRE(gets_through(*one, *third, heartbeat(1, 3, 4)));
    REQUIRE(gets_through(**third, two, heartbeat(3, 2, 5)));
    CHECK(one->statistics().peers[1].urgent.connections >= 2);
    CHECK(one->statistics().peers[1].urgent.failures >= 1);
}

TEST_CASE("a node that has moved is followed, one that was removed is refused") {
    endpoint one(options_of(1));
    auto two = std::make_unique<endpoint>(options_of(2));
    one->set_peer(2, two->address());
    REQUIRE(gets_through(*one, *two, heartbeat(1, 2, 1)));
    two = std::make_unique<endpoint>(options_of(2));  // on another port
    one->set_peer(2, two->address());
    REQUIRE(gets_through(*one, *two, heartbeat(1, 2, 2)));

    // It says itself where it is: nobody has told node 1.
    auto options = options_of(2);
    auto const port = test::free_port();
    options.listen = options.advertise = "127.0.0.1:" + std::to_string(port);
    options.peers = {{1, one.address()}};
    two = std::make_unique<endpoint>(options);
    REQUIRE(one.hears("address learned 2 127.0.0.1:" + std::to_string(port)));
    REQUIRE(gets_through(*one, *two, heartbeat(1, 2, 3)));

    one->remove_peer(2);
    REQUIRE(two->hears("refused by node 1 removed node"));
    CHECK_FALSE(one->send(heartbeat(1, 2, 4)));
    one->set_peer(2, two->address());
    REQUIRE(gets_through(**two, one, heartbeat(2, 1, 5)));
}

TEST_CASE("who is not meant is refused with the reason") {
    endpoint one(options_of(1));
    std::uint16_t const port = one->port();
    hello const good{"test", 2, 1, lane::urgent, 77, "", 1, 1};
    auto const with = [&](auto change) {
        hello said = good;
        change(said);
        return refused_for(port, said);
    };
    CHECK(with([](hello& h) { h.cluster = "other"; }) == refusal::wrong_cluster);
    CHECK(with([](hello& h) { h.to = 3; }) == refusal::wrong_node);
    CHECK(with([](hello& h) { h.from = 1; }) == refusal::same_node);
    CHECK(with([](hello& h) { h.from = 0; }) == refusal::same_node);
    CHECK(with([](hello& h) { h.oldest_protocol = 2, h.newest_protocol = 3; }) == refusal::wrong_protocol);
    CHECK(with([](hello& h) { h.newest_protocol = 0; }) == refusal::wrong_protocol);
    endpoint two(options_of(2));
    two->set_peer(1, one.address());
    REQUIRE(gets_through(*two, one, heartbeat(2, 1, 1)));
    CHECK(refused_for(port, good) == refusal::duplicate_node);
    CHECK(one->statistics().refused_callers == 7);

    endpoint impostor(options_of(2));
    impostor->set_peer(1, one.address());
    CHECK(impostor.hears("refused by node 1 duplicate node"));
    CHECK_FALSE(one.messages().empty());
}

TEST_CASE("bytes that are not the protocol end the connection and nothing else") {
    endpoint one(options_of(1)), two(options_of(2));
    std::uint16_t const port = one->port();
    hello const good{"test", 3, 1, lane::bulk, 77, "", 1, 1};
    CHECK(answer_to(port, "GET / HTTP/1.1\r\n\r\n").empty());
    CHECK(answer_to(port, std::string(100'000, '\xff')).empty());
    std::string early;
    append_frame(early, heartbeat(3, 1, 66));
    CHECK(answer_to(port, early).empty());  // before a greeting
    std::string large;
    append_frame(large, append(3, 1, 66, 100'000));
    CHECK(answer_to(port, large.substr(0, frame_head_bytes)).empty());  // who has not greeted gets no room
    // After one, it is answered, and then cut off.
    auto const after_greeting = [&](std::string const& more) {
        std::string const answer = answer_to(port, greeting(good), more);
        std::string_view in = answer;
        auto const reply = take_frame(in);
        return reply && std::get<hello_reply>(*reply).why == refusal::none && in.empty();
    };
    std::string stranger, lost;
    append_frame(stranger, heartbeat(2, 1, 66));
    append_frame(lost, heartbeat(3, 2, 66));
    CHECK(after_greeting(stranger));
    CHECK(after_greeting(lost));
    CHECK(after_greeting(greeting(good)));
    CHECK(after_greeting("garbage that is long enough"));
    CHECK(one.messages().empty());
    two->set_peer(1, one.address());
    CHECK(gets_through(*two, one, heartbeat(2, 1, 1)));
}

TEST_CASE("a peer that takes nothing in fills its queue, and no more") {
    auto options = options_of(1);
    options.bulk_queue_bytes = 1'000'000;
    options.silence_limit = 60s;
    auto slow = options_of(2);
    slow.silence_limit = 60s;
    endpoint one(options), two(slow);
    one->set_peer(2, two.address());
    REQUIRE(gets_through(*one, two, heartbeat(1, 2, 1)));
    two.hold();
    int taken = 0, refused = 0;
    while (refused < 10 && taken < 3000) (one->send(append(1, 2, 2, 100'000)) ? taken : refused)++;
    CHECK(refused == 10);
    REQUIRE(one.eventually([&] { return !one.unreachable_.empty(); }));
    auto const bulk = one->statistics().peers[0].bulk;
    CHECK(bulk.queued_bytes <= 1'000'000);
    CHECK(bulk.dropped >= 10);
    two.let_go();
    REQUIRE(two.eventually([&] { return two.messages_.size() >= static_cast<std::size_t>(taken); }));
    CHECK(gets_through(*one, two, append(1, 2, 3, 100'000)));
}

TEST_CASE("a message beyond the limit is dropped and told, the connection stays") {
    auto options = options_of(1);
    options.limits.message_bytes = 10'000;
    endpoint one(options), two(options_of(2));
    one->set_peer(2, two.address());
    REQUIRE(sent(*one, append(1, 2, 1, 20'000)));
    REQUIRE(one.hears("message dropped 2"));
    REQUIRE(sent(*one, append(1, 2, 2, 5'000)));
    REQUIRE(two.receives(2));
    CHECK(one->statistics().peers[0].bulk.connections == 1);
}

TEST_CASE("a side that falls silent is let go") {
    // It accepts, and never says a word.
    int const listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(listener, 10) == 0);
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    auto options = options_of(1);
    options.connect_timeout = 50ms;
    options.ping_interval = 20ms;
    options.silence_limit = 100ms;
    endpoint one(options);
    one->set_peer(2, "127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    CHECK(one.hears("connection lost 2 it does not answer in time"));
    // Nor does a caller that connects and waits keep its place.
    CHECK(answer_to(one->port(), "").empty());
    CHECK(answer_to(one->port(), greeting({"test", 3, 1, lane::bulk, 77, "", 1, 1})).size() > 0);
    ::close(listener);
}

TEST_CASE("TLS: certificates of one authority, each with its node's name") {
    test::authority ours, theirs;
    ours.sign("1", "node-1", "node-1");
    ours.sign("2", "anything", "node-2.test");
    ours.sign("3", "node-3", "");
    ours.sign("other", "node-4", "node-4.other");
    theirs.sign("2", "node-2", "node-2");
    auto const with = [&](node_id node, test::authority const& signed_by, std::string const& file) {
        auto options = options_of(node);
        options.tls = tls_files{signed_by.path(), signed_by.certificate(file), signed_by.key(file)};
        return options;
    };
    endpoint one(with(1, ours, "1"));
    {
        endpoint two(with(2, ours, "2")), three(with(3, ours, "3"));
        one->set_peer(2, two.address());
        one->set_peer(3, three.address());
        three->set_peer(1, one.address());
        CHECK(gets_through(*one, two, append(1, 2, 1, 2'000'000)));
        CHECK(gets_through(*one, three, heartbeat(1, 3, 2)));
        CHECK(gets_through(*three, one, heartbeat(3, 1, 3)));
    }
    {
        endpoint false_two(with(2, theirs, "2"));
        false_two->set_peer(1, one.address());
        one->set_peer(2, false_two.address());
        CHECK(one.hears("connection lost 2 TLS failed"));
        CHECK(false_two.hears("connection lost 1 TLS failed"));
    }
    {
        endpoint posing(with(2, ours, "3"));  // a good certificate, of another node
        posing->set_peer(1, one.address());
        CHECK(posing.hears("refused by node 1 wrong certificate"));
        one->set_peer(2, posing.address());
        CHECK(one.hears("connection lost 2 its certificate is another node's"));
    }
    {
        endpoint elsewhere(with(4, ours, "other"));  // of another cluster
        elsewhere->set_peer(1, one.address());
        CHECK(elsewhere.hears("refused by node 1 wrong certificate"));
    }
    {
        endpoint plain(options_of(5));
        plain->set_peer(1, one.address());
        CHECK(plain.hears("connection lost 1"));
        CHECK(one.hears("caller refused 0 TLS failed"));
    }
    for (auto const& m : one.messages()) CHECK(m.from == 3);
}

TEST_CASE("what cannot work is refused at the start") {
    auto const code_of = [](auto change) {
        auto options = options_of(1);
        change(options);
        try {
            transport made(options, {});
        } catch (error const& said) {
            return said.code;
        }
        return sqlstate();
    };
    CHECK(code_of([](auto&) {}) == sqlstate());
    CHECK(code_of([](auto& o) { o.node = 0; }) == errc::invalid_parameter_value);
    CHECK(code_of([](auto& o) { o.cluster = ""; }) == errc::invalid_parameter_value);
    CHECK(code_of([](auto& o) { o.listen = "7000"; }) == errc::invalid_parameter_value);
    CHECK(code_of([](auto& o) { o.peers = {{2, "host:0"}}; }) == errc::invalid_parameter_value);
    CHECK(code_of([](auto& o) { o.advertise = "nowhere"; }) == errc::invalid_parameter_value);
    CHECK(code_of([](auto& o) { o.silence_limit = 1ms; }) == errc::invalid_parameter_value);
    CHECK(code_of([](auto& o) { o.listen = "0.0.0.0:0"; }) == errc::invalid_authorization);
    CHECK(code_of([](auto& o) { o.listen = "0.0.0.0:0", o.plaintext_beyond_loopback = true; }) == sqlstate());
    CHECK(code_of([](auto& o) { o.tls = tls_files{"/no/file", "/no/file", "/no/file"}; }) == errc::undefined_file);
    test::authority ours;
    ours.sign("1", "node-1", "");
    ours.sign("2", "node-2", "");
    CHECK(code_of([&](auto& o) { o.tls = tls_files{ours.path(), ours.certificate("1"), ours.key("2")}; }) ==
          errc::invalid_parameter_value);
    CHECK(code_of([&](auto& o) { o.tls = tls_files{ours.path(), ours.key("1"), ours.key("1")}; }) ==
          errc::invalid_parameter_value);
    transport first(options_of(1), {});
    CHECK(code_of([&](auto& o) { o.listen = "127.0.0.1:" + std::to_string(first.port()); }) == errc::io_error);
    CHECK_FALSE(first.send(heartbeat(1, 2, 3)));
    CHECK_THROWS_AS(first.set_peer(2, "nowhere"), error);
}

TEST_CASE("without certificates no other machine is called") {
    endpoint one(options_of(1));
    one->set_peer(2, "192.0.2.1:7000");
    CHECK(one.hears("connection lost 2 it is on another machine, and there are no certificates"));
}
