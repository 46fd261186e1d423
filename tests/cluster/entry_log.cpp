#include <phantomdb/cluster/entry_log.hpp>
#include <phantomdb/sim/environment.hpp>

#include "support/catch.hpp"
#include "support/process.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace phantomdb;
using namespace phantomdb::raft;

namespace {

using simulated_log = cluster::entry_log<sim::environment>;
static_assert(log_view<simulated_log>);

storage::local_log_options small_segments() {
    storage::local_log_options options;
    options.segment_bytes = 3000;
    options.fill_ahead_bytes = 1024;
    return options;
}

std::unique_ptr<simulated_log> open_log(sim::environment& environment) {
    return std::make_unique<simulated_log>(environment, "log", small_segments());
}

entry entry_of(term_number term, log_index index, std::size_t bytes = 20) {
    std::string text = std::to_string(term) + "." + std::to_string(index) + " ";
    text.resize(std::max(bytes, text.size()), 'x');
    return {term, index, entry_kind::command, text};
}
std::vector<entry> entries_of(term_number term, log_index first, std::size_t count, std::size_t bytes = 20) {
    std::vector<entry> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(entry_of(term, first + i, bytes));
    return made;
}
membership members_of(std::initializer_list<node_id> voters) {
    membership made;
    made.voters.incoming.voters = voters;
    return made;
}

/// The bytes of a change that adds a voter.
std::string added(node_id node) {
    return encode(membership_change{transition::automatic, {{change_kind::add_voter, node}}, {}});
}

/// All that a log holds.
struct contents {
    hard_state state;
    log_index first = 1;
    term_number term_before = 0;
    membership members;
    std::vector<entry> entries;

    friend bool operator==(contents const&, contents const&) = default;
};
template <class Log>
contents contents_of(Log const& log) {
    contents found{
        log.state(), log.first_index(), *log.term(log.first_index() - 1), log.members_at(log.first_index() - 1), {}};
    if (log.last_index() >= log.first_index())
        found.entries = log.entries(log.first_index(), log.last_index() + 1, ~std::uint64_t{0});
    return found;
}

void flip_every_bit_of(std::string const& path, sim::environment const& whole, contents const& was, int& noticed) {
    std::size_t const size = whole.machine().contents(path).size();
    for (std::size_t byte = 0; byte < size; byte += 3) {
        auto damaged = whole.restarted();
        damaged.machine().flip_bit(path, byte * 8 + byte % 8);
        try {
            if (contents_of(*open_log(damaged)) != was) FAIL("byte " << byte << " of " << path << " changed the log");
        } catch (error const& e) {
            REQUIRE((e.code == errc::data_corrupted || e.code == errc::feature_not_supported));
            ++noticed;
        }
    }
}

}  // namespace

TEST_CASE("what was stored is there again: state, entries, what replaced them") {
    sim::environment environment;
    {
        auto log = open_log(environment);
        CHECK(log->empty());
        log->sync(log->write(hard_state{1, 2, 0}, nullptr, entries_of(1, 1, 5)));
        log->sync(log->write(hard_state{3, 0, 2}, nullptr, entries_of(3, 4, 3)));
    }
    auto const log = open_log(environment);
    CHECK(!log->empty());
    CHECK(log->state() == hard_state{3, 0, 2});
    CHECK(log->first_index() == 1);
    CHECK(log->last_index() == 6);
    CHECK(log->term(3) == 1);
    CHECK(log->term(4) == 3);
    CHECK(log->entries(4, 5, 1000).at(0) == entry_of(3, 4));
}

TEST_CASE("an image takes the place of the log, and carries the members over a restart") {
    sim::environment environment;
    auto const sent = std::make_shared<image const>(image{{4, 100}, members_of({1, 2, 5}), "where to find it"});
    {
        auto log = open_log(environment);
        log->sync(log->write(hard_state{1, 1, 3}, nullptr, entries_of(1, 1, 5)));
        log->sync(log->write(hard_state{4, 0, 100}, sent, {}));
        CHECK(log->last_index() == 100);
        log->sync(log->write(std::nullopt, nullptr, entries_of(4, 101, 2)));
    }
    auto const log = open_log(environment);
    CHECK(log->first_index() == 101);
    CHECK(log->last_index() == 102);
    CHECK(log->term(100) == 4);
    CHECK(log->members_at(log->first_index() - 1) == sent->members);
    CHECK(log->image() == nullptr);  // its bytes are the store's now
    log->keep_image(sent);
    CHECK(log->image() == sent);
    log->sync(log->write(hard_state{4, 0, 102}, nullptr, {}));
    log->compact(102);
    CHECK(log->members_at(log->first_index() - 1) == sent->members);
    CHECK(log->image() == nullptr);  // entries it leads up to are gone
}

TEST_CASE("compacting lets segments go and keeps what a restart needs") {
    sim::environment environment;
    {
        auto log = open_log(environment);
        for (log_index i = 1; i <= 100; ++i) {
            entry e = entry_of(2, i, 200);
            if (i == 20) e = {2, i, entry_kind::member_change, added(1)};
            if (i == 30 || i == 95) e = {2, i, entry_kind::membership_change, added(i)};
            log->sync(log->write(hard_state{2, 1, i}, nullptr, std::vector{e}));
        }
        CHECK(log->members_at(25) == members_of({1}));
        auto const before = log->statistics().bytes;
        log->compact(90);
        CHECK(log->statistics().bytes < before / 3);
        CHECK(log->first_index() == 91);
        log->compact(50);  // has been forgotten
    }
    for (int life = 0; life < 3; ++life) {
        auto log = open_log(environment);
        CHECK(log->state() == hard_state{2, 1, 100});
        CHECK(log->members_at(log->first_index() - 1) == members_of({1, 30}));
        CHECK(log->members_at(100) == members_of({1, 30, 95}));
        CHECK(log->first_index() == 91);
        CHECK(log->last_index() == 100);
        CHECK(log->term(90) == 2);
        CHECK(log->term(89) == std::nullopt);
    }
    {
        auto log = open_log(environment);
        log->compact(100);
        CHECK(log->last_index() == 100);
        log->sync(log->write(std::nullopt, nullptr, entries_of(3, 101, 1)));
    }
    CHECK(open_log(environment)->last_index() == 101);
}

TEST_CASE("a vote outlives the segment it was stored in") {
    sim::environment environment;
    {
        auto log = open_log(environment);
        log->sync(log->write(hard_state{7, 2, 0}, nullptr, entries_of(7, 1, 1)));
        for (log_index i = 2; i <= 60; ++i) log->sync(log->write(std::nullopt, nullptr, entries_of(7, i, 1, 200)));
        log->compact(50);
    }
    auto const log = open_log(environment);
    CHECK(log->first_index() == 51);
    CHECK(log->state() == hard_state{7, 2, 0});
}

TEST_CASE("a loss of power at any call leaves one of the states there were, none before the last that was synced") {
    int cut = 0, compacted = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        sim::environment environment;
        std::mt19937_64 random(seed);
        contents known;
        for (int life = 0; life < 4; ++life) {
            std::vector<contents> states{known};  // from the last that was synced on
            try {
                environment.machine().add_fault({{}, random() % 90, sim::fault::for_ever, EIO});
                auto log = open_log(environment);
                for (;;) {
                    contents next = states.back();
                    log_index const last = next.first + next.entries.size() - 1;
                    if (random() % 8 == 0 && next.state.commit >= next.first) {
                        log_index const upto =
                            next.first + random() % static_cast<std::uint64_t>(next.state.commit - next.first + 1);
                        next.term_before = next.entries[upto - next.first].term;
                        for (log_index i = next.first; i <= upto; ++i) {
                            entry const& e = next.entries[i - next.first];
                            if (e.kind == entry_kind::command) continue;
                            next.members.voters.incoming.voters.insert(
                                decode_membership_change(e.data.view())->steps.at(0).node);
                        }
                        next.entries.erase(next.entries.begin(),
                                           next.entries.begin() + static_cast<std::ptrdiff_t>(upto + 1 - next.first));
                        next.first = upto + 1;
                        states.push_back(next);
                        log->compact(upto);
                        states = {next};
                        ++compacted;
                        continue;
                    }
                    std::vector<entry> entries;
                    image_ref sent;
                    if (random() % 4 == 0) {
                        next.state.term += random() % 3;
                        next.state.vote = random() % 4;
                    }
                    if (random() % 12 == 0) {
                        sent = std::make_shared<image const>(
                            image{{next.state.term, last + 1 + random() % 5}, members_of({2, 3}), {}});
                        next.first = sent->id.index + 1;
                        next.term_before = next.state.term;
                        next.members = sent->members;
                        next.entries.clear();
                        next.state.commit = sent->id.index;
                    } else if (random() % 6 != 0) {
                        log_index const from = std::max(next.state.commit, next.first - 1) + 1;
                        log_index const at = random() % 3 == 0 ? from + random() % (last + 2 - from) : last + 1;
                        entries = entries_of(next.state.term, at, 1 + random() % 4, random() % 700);
                        if (random() % 4 == 0)
                            entries.back() = {next.state.term, entries.back().index, entry_kind::member_change,
                                              added(1 + random() % 9)};
                        next.entries.resize(at - next.first);
                        next.entries.insert(next.entries.end(), entries.begin(), entries.end());
                    } else {
                        next.state.commit = std::max(next.state.commit, last - std::min<log_index>(last, random() % 3));
                    }
                    bool const moved = next.state != states.back().state;
                    states.push_back(next);
                    auto const change = log->write(moved ? std::optional(next.state) : std::nullopt, sent, entries);
                    if (contents_of(*log) != next) FAIL("seed " << seed << ": not what was written");
                    if (random() % 3 == 0) continue;
                    log->sync(change);
                    states = {next};
                }
            } catch (error const& e) {
                REQUIRE(e.code == errc::io_error);
            }
            environment = environment.power_cut(random());
            try {
                known = contents_of(*open_log(environment));
            } catch (error const& e) {
                FAIL("seed " << seed << ", life " << life << ": " << e.message << ": " << e.detail);
            }
            if (std::find(states.begin(), states.end(), known) == states.end())
                FAIL("seed " << seed << ", life " << life << ": a state that never was, or one before the last sync");
            if (known != states.back()) ++cut;
        }
    }
    CHECK(cut > 50);
    CHECK(compacted > 100);
}

TEST_CASE("damage is noticed before the node votes; so is a beginning that is gone") {
    sim::environment whole;
    {
        auto log = open_log(whole);
        for (log_index i = 1; i <= 30; ++i)
            log->sync(log->write(hard_state{2, 1, i}, nullptr, entries_of(2, i, 1, 150)));
        log->compact(12);
        for (log_index i = 31; i <= 34; ++i) log->sync(log->write(std::nullopt, nullptr, entries_of(2, i, 1, 150)));
    }
    contents const was = contents_of(*open_log(whole));
    int noticed = 0;
    std::vector<std::string> segments;
    for (std::string const& path : whole.machine().files()) {
        if (path.starts_with("log/log-")) segments.push_back(path);
    }
    REQUIRE(segments.size() > 2);
    flip_every_bit_of(segments.front(), whole, was, noticed);
    CHECK(noticed > 100);

    auto without_first = whole.restarted();
    without_first.remove(segments.front());
    try {
        open_log(without_first);
        FAIL("opened without its first segment");
    } catch (error const& e) {
        CHECK(e.code == errc::data_corrupted);
        CHECK(e.hint.find("must not vote") != std::string::npos);
    }
}

TEST_CASE("a full disk refuses a change and takes it once there is room") {
    sim::environment environment;
    auto log = open_log(environment);
    log->sync(log->write(hard_state{1, 1, 0}, nullptr, entries_of(1, 1, 3)));
    contents const was = contents_of(*log);
    environment.machine().set_capacity(environment.machine().used());
    auto const large = entries_of(1, 4, 1, 5000);
    try {
        log->sync(log->write(hard_state{1, 1, 3}, nullptr, large));
        FAIL("wrote to a full disk");
    } catch (error const& e) {
        CHECK(e.code == errc::disk_full);
    }
    CHECK(contents_of(*log) == was);
    environment.machine().set_capacity(1'000'000);
    log->sync(log->write(hard_state{1, 1, 3}, nullptr, large));
    contents const now = contents_of(*log);
    log.reset();
    CHECK(contents_of(*open_log(environment)) == now);
}

TEST_CASE("the log of a replica on a real disk") {
    test::temporary_folder folder;
    env::posix files;
    {
        cluster::entry_log<env::posix> log(files, folder / "log");
        log.sync(log.write(hard_state{1, 3, 2}, nullptr, entries_of(1, 1, 3)));
    }
    cluster::entry_log<env::posix> const log(files, folder / "log");
    CHECK(log.state() == hard_state{1, 3, 2});
    CHECK(log.last_index() == 3);
}
