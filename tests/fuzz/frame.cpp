/// @file Feeds bytes nobody meant as frames to the reading side of the transport between nodes: refused with an error, never a crash.
///
/// As a test it tries mutations of good frames from a fixed seed, with and without a checksum that is right. To search on and on:
///     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -DPHANTOMDB_LIBFUZZER -Iinclude -Itests tests/fuzz/frame.cpp
#include <phantomdb/cluster/frame.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace phantomdb;
using namespace phantomdb::cluster;

std::string written(frame const& what) {
    std::string bytes;
    std::visit([&](auto const& value) { append_frame(bytes, value); }, what);
    return bytes;
}

/// Reads frames until the input ends or is refused. What was read has to survive being written and read again.
int read_frames(std::string_view input) {
    int found = 0;
    try {
        while (auto const read = take_frame(input)) {
            std::string const once = written(*read);
            std::string_view in = once;
            PHANTOMDB_ASSERT(written(*take_frame(in)) == once);
            ++found;
        }
    } catch (error const&) {
    }
    return found;
}

/// Corrects the checksum of the first frame, so that what is behind it is reached.
void correct_checksum(std::string& input) {
    if (input.size() < frame_head_bytes) return;
    input[0] = 'P', input[1] = static_cast<char>(frame_format), input[3] = 0;
    std::size_t const payload = input.size() - frame_head_bytes;
    codec::store_fixed(&input[4], static_cast<std::uint32_t>(payload));
    codec::store_fixed(
        &input[8], codec::crc32c(std::string_view(input).substr(frame_head_bytes), codec::crc32c({input.data(), 8})));
}

}  // namespace

#ifdef PHANTOMDB_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    std::string input(reinterpret_cast<char const*>(bytes), size);
    read_frames(input);
    correct_checksum(input);
    read_frames(input);
    return 0;
}

#else

#include "fuzz/damage.hpp"
#include "support/catch.hpp"

#include <random>
#include <vector>

TEST_CASE("mutated frames are read or refused") {
    raft::message append;
    append.from = 1, append.to = 2, append.term = 5, append.index = 300, append.log_term = 4, append.commit = 299;
    append.entries = {{5, 301, raft::entry_kind::command, "some bytes"},
                      {5, 302, raft::entry_kind::membership_change, {}}};
    raft::message offer;
    offer.kind = raft::message_kind::image;
    raft::image image{{5, 300}, {}, "where it is"};
    image.members.voters.incoming.voters = {1, 2, 3};
    image.members.learners = {200};
    offer.image = std::make_shared<raft::image const>(image);
    std::vector<std::string> seeds(7);
    append_frame(seeds[0], append);
    append_frame(seeds[1], offer);
    append_frame(seeds[2], image_piece{1, 2, 5, {5, 300}, image.members, 10, 20, 77, "0123456789", true});
    append_frame(seeds[3], image_piece_reply{1, 2, {5, 300}, 20, true, false, "no"});
    append_frame(seeds[4], hello{"shop", 1, 2, lane::bulk, 99, "host:1", 1, 1});
    append_frame(seeds[5], hello_reply{refusal::wrong_cluster, 1, "no"});
    append_frame(seeds[6], ping{7});
    std::mt19937 random(20240502);
    int read = 0, refused = 0;
    for (int round = 0; round < 60000; ++round) {
        std::string input = test::damaged(seeds[random() % seeds.size()], random);
        if (round % 8 != 0) correct_checksum(input);
        if (round % 7 == 0) input += seeds[random() % seeds.size()];
        int const found = read_frames(input);
        read += found;
        refused += found == 0;
    }
    CHECK(read > 15000);
    CHECK(refused > 10000);
}

#endif
