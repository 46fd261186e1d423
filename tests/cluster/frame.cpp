#include <phantomdb/cluster/frame.hpp>

#include "support/catch.hpp"

#include <random>
#include <string>
#include <vector>

using namespace phantomdb;
using namespace phantomdb::cluster;

namespace {

/// Messages with every field filled by chance, so that a field that is forgotten shows.
class maker {
public:
    explicit maker(unsigned seed) : random_(seed) {}

    std::uint64_t number() { return random_() >> random_() % 64; }
    std::string text(std::size_t most) {
        std::string made(random_() % (most + 1), '\0');
        for (char& c : made) c = static_cast<char>(random_());
        return made;
    }
    bool coin() { return random_() % 2 == 0; }
    raft::node_set nodes() {
        raft::node_set made;
        for (auto n = random_() % 5; n > 0; --n) made.insert(1 + number() % 1000);
        return made;
    }
    raft::membership members() {
        raft::membership made;
        made.voters.incoming.voters = nodes();
        made.voters.outgoing.voters = nodes();
        made.learners = nodes();
        made.learners_next = nodes();
        made.auto_leave = coin();
        return made;
    }
    raft::message message(raft::message_kind kind) {
        raft::message m;
        m.kind = kind;
        m.from = number(), m.to = number(), m.term = number(), m.log_term = number(), m.index = number();
        m.commit = number(), m.hint = number(), m.read_round = number(), m.beat = number();
        m.rejected = coin(), m.by_transfer = coin();
        m.committed = {number(), number()};
        for (auto n = random_() % 4; n > 0; --n) {
            m.entries.push_back({number(), number(), static_cast<raft::entry_kind>(random_() % 3), text(300)});
        }
        m.context = text(20);
        if (coin())
            m.image = std::make_shared<raft::image const>(raft::image{{number(), number()}, members(), text(50)});
        return m;
    }
    image_piece piece() {
        image_piece made{number(), number(),  number(), {number(), number()}, members(), number() / 2, 0,
                         0,        text(200), coin()};
        made.total = made.offset + made.bytes.size() + (made.last ? 0 : random_() % 100);
        made.crc32c = static_cast<std::uint32_t>(number());
        return made;
    }
    hello greeting() {
        return {text(20), number(), number(), coin() ? lane::urgent : lane::bulk, number(), text(20), 1, 2};
    }
    image_piece_reply piece_reply() {
        return {number(), number(), {number(), number()}, number(), coin(), coin(), text(30)};
    }

private:
    std::mt19937_64 random_;
};

template <class T>
bool same(T const& a, T const& b) {
    return a == b;
}
/// Messages compare images by address.
bool same(raft::message a, raft::message b) {
    if ((a.image == nullptr) != (b.image == nullptr) || (a.image && *a.image != *b.image)) return false;
    a.image = b.image = nullptr;
    return a == b;
}

template <class T>
void comes_back(T const& value) {
    std::string bytes = "before";
    append_frame(bytes, value);
    bytes += "after";
    std::string_view in = std::string_view(bytes).substr(6);
    auto const read = take_frame(in);
    REQUIRE(read);
    CHECK(same(std::get<T>(*read), value));
    CHECK(in == "after");
    // Cut anywhere, it is awaited, not misread.
    std::string_view const whole = std::string_view(bytes).substr(6, bytes.size() - 11);
    for (std::size_t n = 0; n < whole.size(); n += 1 + whole.size() / 40) {
        std::string_view part = whole.substr(0, n);
        CHECK(!take_frame(part));
        CHECK(part.size() == n);
    }
}

sqlstate refused(std::string_view bytes, frame_limits const& limits = {}) {
    try {
        take_frame(bytes, limits);
    } catch (error const& said) {
        return said.code;
    }
    return {};
}

/// A frame around a payload somebody made by hand, its checksum right.
std::string framed(frame_kind kind, std::string_view payload) {
    std::string bytes;
    append_frame(bytes, ping{});
    bytes.resize(frame_head_bytes);
    bytes[2] = static_cast<char>(kind);
    codec::store_fixed(&bytes[4], static_cast<std::uint32_t>(payload.size()));
    codec::store_fixed(&bytes[8], codec::crc32c(payload, codec::crc32c({bytes.data(), 8})));
    return bytes += payload;
}

}  // namespace

TEST_CASE("every frame comes back as it was") {
    maker make(7);
    for (int round = 0; round < 40; ++round) {
        for (int kind = 0; kind <= static_cast<int>(raft::message_kind::timeout_now); ++kind) {
            comes_back(make.message(static_cast<raft::message_kind>(kind)));
        }
        comes_back(make.piece());
        comes_back(make.piece_reply());
        comes_back(make.greeting());
        comes_back(hello_reply{static_cast<refusal>(round % 8), 1, make.text(20)});
        comes_back(ping{make.number()});
        comes_back(pong{make.number()});
    }
}

TEST_CASE("a flipped bit is found, wherever it is") {
    maker make(11);
    std::string bytes;
    append_frame(bytes, make.message(raft::message_kind::append));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        std::string_view in = damaged;
        bool taken = false;
        try {
            taken = take_frame(in).has_value();  // a longer length is a frame that is not there yet
        } catch (error const&) {
        }
        CHECK_FALSE(taken);
    }
}

TEST_CASE("what is no frame is refused by its head alone") {
    std::string good;
    append_frame(good, ping{1});
    std::string bytes = good;
    CHECK(refused("GET / HTTP/1.1\r\n") == errc::protocol_violation);
    bytes[1] = 2;
    CHECK(refused(bytes) == errc::feature_not_supported);
    bytes = good;
    bytes[2] = 7;
    CHECK(refused(bytes) == errc::protocol_violation);
    bytes = good;
    bytes[3] = 1;
    CHECK(refused(bytes) == errc::protocol_violation);
    bytes = good;
    codec::store_fixed(&bytes[4], std::uint32_t{frame_limits::small_bytes + 1});
    CHECK(refused(bytes.substr(0, frame_head_bytes)) == errc::program_limit_exceeded);
    bytes[2] = static_cast<char>(frame_kind::message);
    CHECK(refused(bytes.substr(0, frame_head_bytes), {.message_bytes = 100}) == errc::program_limit_exceeded);
    CHECK(refused(bytes.substr(0, frame_head_bytes)) == sqlstate());
}

TEST_CASE("a payload that nobody can have meant is refused although its checksum is right") {
    std::string const good = framed(frame_kind::ping, std::string("\0\5", 2));
    std::string_view in = good;
    CHECK(std::get<ping>(*take_frame(in)).number == 5);
    CHECK(refused(framed(frame_kind::ping, std::string("\0\5x", 3))) == errc::protocol_violation);
    CHECK(refused(framed(frame_kind::ping, std::string("\0", 1))) == errc::data_corrupted);
    CHECK(refused(framed(frame_kind::ping, std::string("\1\5", 2))) == errc::feature_not_supported);  // a newer class
    CHECK(refused(framed(frame_kind::message, "")) == errc::data_corrupted);
    CHECK(refused(framed(frame_kind::message, std::string("\1\x20", 2))) == errc::protocol_violation);  // kind 32
    // A list that says it has 2^63 elements, in a hello whose name says it has as many bytes.
    CHECK(refused(framed(frame_kind::hello, std::string("\0\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10))) ==
          errc::data_corrupted);

    raft::message unsorted;
    unsorted.image = std::make_shared<raft::image const>();
    std::string bytes;
    codec::pack_archive(bytes) << unsorted;
    CHECK(refused(framed(frame_kind::message, bytes)) == sqlstate());
    // It ends in four empty sets (version, count), a bool, and empty bytes (version, size).
    bytes.replace(bytes.size() - 11, 2, std::string("\0\2\3\5", 4));
    CHECK(refused(framed(frame_kind::message, bytes)) == sqlstate());
    bytes.replace(bytes.size() - 13, 4, std::string("\0\2\5\3", 4));
    CHECK(refused(framed(frame_kind::message, bytes)) == errc::protocol_violation);
}

TEST_CASE("a piece has to lie in its image") {
    auto const after_change = [](auto change) {
        image_piece piece{1, 2, 3, {3, 4}, {}, 100, 110, 0, "0123456789", true};
        change(piece);
        std::string bytes;
        append_frame(bytes, piece);
        return refused(bytes);
    };
    CHECK(after_change([](image_piece&) {}) == sqlstate());
    CHECK(after_change([](image_piece& p) { p.total = 105; }) == errc::protocol_violation);
    CHECK(after_change([](image_piece& p) { p.total = 111; }) == errc::protocol_violation);
    CHECK(after_change([](image_piece& p) { p.total = 0; }) == errc::protocol_violation);
    CHECK(after_change([](image_piece& p) { p.total = 111, p.last = false; }) == sqlstate());
    CHECK(after_change([](image_piece& p) { p.total = 0, p.last = false; }) == sqlstate());
    CHECK(after_change([](image_piece& p) { p.offset = ~std::uint64_t{0}, p.total = 0, p.last = false; }) ==
          errc::protocol_violation);
}

TEST_CASE("what is too large is refused by the sender") {
    raft::message m;
    m.entries.push_back({1, 1, raft::entry_kind::command, std::string(1000, 'x')});
    std::string bytes = "before";
    CHECK_THROWS_AS(append_frame(bytes, m, {.message_bytes = 1000}), error);
    CHECK(bytes == "before");
    append_frame(bytes, m, {.message_bytes = 1100});
    CHECK(bytes.size() > 1000);
}
