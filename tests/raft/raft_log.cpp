// The log: stored and unstored parts, commit, apply, storing in the background. Also unstable_log.hpp and log_view.hpp.

#include <phantomdb/raft/raft_log.hpp>

#include "raft/group.hpp"
#include "support/catch.hpp"

using namespace phantomdb;
using namespace phantomdb::raft;
using test::entries_of;
using test::terms_of;

namespace {

using whole_log = raft_log<memory_log>;

/// A log of these terms, stored whole.
memory_log stored_of(std::vector<term_number> const& terms) {
    memory_log made;
    made.append(entries_of(terms));
    return made;
}
std::vector<term_number> terms_of_log(whole_log const& l) {
    std::vector<term_number> terms;
    for (log_index i = l.first_index(); i <= l.last_index(); ++i) terms.push_back(*l.term(i));
    return terms;
}
image_ref image_of(term_number term, log_index index) {
    image made;
    made.id = {term, index};
    made.members.voters.incoming.voters = {1};
    return std::make_shared<image const>(made);
}

}  // namespace

TEST_CASE("memory log: appending cuts off what differs; compaction keeps the term before") {
    memory_log l = stored_of({1, 1, 2, 3});
    l.append(entries_of({4, 4}, 3));
    CHECK(terms_of(l) == std::vector<term_number>{1, 1, 4, 4});
    l.compact(2);
    CHECK(l.first_index() == 3);
    CHECK(l.term(2) == 1u);
    CHECK_FALSE(l.term(1));
    CHECK(l.entries(2, 3, no_limit).empty());
    l.append(entries_of({1, 1, 4, 5, 5}));  // begins before what is there
    CHECK(terms_of(l) == std::vector<term_number>{4, 5, 5});
    l.compact(5);
    CHECK(l.last_index() == 5);
    CHECK(l.first_index() == 6);
    l.install(image_of(9, 20));
    CHECK(l.first_index() == 21);
    CHECK(l.term(20) == 9u);
    l.install(image_of(9, 10));
    CHECK(l.first_index() == 21);
}

TEST_CASE("log: a leader's entries are taken where the log before them agrees") {
    memory_log const stored = stored_of({1, 2, 3});
    whole_log l(stored, no_limit);
    CHECK_FALSE(l.try_append({3, 2}, entries_of({4}, 3), 9));
    CHECK_FALSE(l.try_append({3, 4}, entries_of({4}, 5), 9));
    CHECK(l.last_index() == 3);
    CHECK(l.try_append({3, 3}, entries_of({4}, 4), 2) == 4u);
    CHECK(l.committed() == 2);
    // All known: nothing is cut off behind them.
    CHECK(l.try_append({1, 1}, entries_of({2}, 2), 0) == 2u);
    CHECK(terms_of_log(l) == std::vector<term_number>{1, 2, 3, 4});
    // A conflict cuts off the rest, also of what is stored.
    CHECK(l.try_append({2, 2}, entries_of({5, 5}, 3), 3) == 4u);
    CHECK(terms_of_log(l) == std::vector<term_number>{1, 2, 5, 5});
    CHECK(l.committed() == 3);
    CHECK(l.unstable().offset() == 3);
    // Committed no further than these entries go: what follows may be something else at the leader.
    CHECK(l.try_append({5, 3}, {}, 100) == 3u);
    CHECK(l.committed() == 3);
}

TEST_CASE("log: where two logs may agree is found a term at a time") {
    memory_log const stored = stored_of({1, 3, 3, 4, 4, 5, 5, 5, 6});
    whole_log const l(stored, no_limit);
    CHECK(l.may_agree_at(9, 9) == entry_id{6, 9});
    CHECK(l.may_agree_at(8, 3) == entry_id{3, 3});
    CHECK(l.may_agree_at(8, 2) == entry_id{1, 1});
    CHECK(l.may_agree_at(8, 0) == entry_id{0, 0});
    CHECK(l.may_agree_at(12, 1) == entry_id{0, 12});  // not known here
}

TEST_CASE("log: which of two is up to date") {
    memory_log const stored = stored_of({1, 2, 3});
    whole_log const l(stored, no_limit);
    CHECK(l.is_up_to_date({3, 3}));
    CHECK(l.is_up_to_date({3, 4}));
    CHECK(l.is_up_to_date({4, 1}));
    CHECK_FALSE(l.is_up_to_date({3, 2}));
    CHECK_FALSE(l.is_up_to_date({2, 9}));
}

TEST_CASE("log: entries come from the stored and the unstored part as one, within a size") {
    memory_log const stored = stored_of({1, 1, 1});
    whole_log l(stored, no_limit);
    l.append(entries_of({2, 2, 2}, 4));
    std::uint64_t const one = size_of(entries_of({1})[0]);
    for (log_index first = 1; first <= 7; ++first) {
        for (log_index end = first; end <= 7; ++end) {
            for (std::uint64_t bytes = 0; bytes <= 7 * one; bytes += one / 2) {
                auto const found = l.entries(first, end, bytes);
                REQUIRE(found);
                std::uint64_t const fit = std::max<std::uint64_t>(bytes / one, 1);
                REQUIRE(found->size() == std::min<std::uint64_t>(end - first, fit));
                for (std::size_t i = 0; i < found->size(); ++i) {
                    REQUIRE((*found)[i].index == first + i);
                    REQUIRE((*found)[i].term == (first + i <= 3 ? 1u : 2u));
                }
            }
        }
    }
}

TEST_CASE("log: what is compacted away is not there") {
    memory_log stored = stored_of({1, 1, 1, 2});
    whole_log l(stored, no_limit);
    stored.compact(2);
    CHECK_FALSE(l.entries(2, 4, no_limit));
    CHECK(l.entries(3, 5, no_limit)->size() == 2);
    CHECK(l.term(2) == 1u);
    CHECK_FALSE(l.term(1));
    CHECK_FALSE(l.term(5));
}

TEST_CASE("log: entries are handed out to be stored once, unless they are replaced") {
    memory_log stored = stored_of({1});
    whole_log l(stored, no_limit);
    l.append(entries_of({1, 1}, 2));
    CHECK(l.unstable().next_entries().size() == 2);
    l.accept_unstable();
    CHECK(l.unstable().next_entries().empty());
    l.append(entries_of({1}, 4));
    CHECK(l.unstable().next_entries().size() == 1);
    l.accept_unstable();
    l.append(entries_of({2, 2}, 3));
    CHECK(l.unstable().next_entries().size() == 2);
    CHECK(l.unstable().offset_in_progress() == 3);
    // The acknowledgement of what was replaced counts only up to where the logs agree.
    l.stored({1, 4});
    CHECK(l.unstable().offset() == 2);
    l.stored({1, 2});
    CHECK(l.unstable().offset() == 3);
    l.accept_unstable();
    l.stored({2, 4});
    CHECK(l.unstable().offset() == 5);
    CHECK_FALSE(l.unstable().has_entries());
    l.stored({2, 4});  // again: no matter
    CHECK(l.unstable().offset() == 5);
}

TEST_CASE("log: storing in small steps gives the same log") {
    memory_log stored;
    whole_log l(stored, no_limit);
    for (log_index i = 1; i <= 200; ++i) {
        l.append(entries_of({1, 1, 1}, 3 * i - 2));
        stored.append(l.unstable().next_entries());
        l.accept_unstable();
        l.stored({1, 2 * i});
        REQUIRE(l.unstable().offset() == 2 * i + 1);
        REQUIRE(l.last_index() == 3 * i);
        REQUIRE(l.entries(1, 3 * i + 1, no_limit)->size() == 3 * i);
    }
}

TEST_CASE("log: committed entries are handed out once, and no further than allowed") {
    memory_log const stored = stored_of({1, 1, 1, 1, 1, 1});
    std::uint64_t const one = size_of(entries_of({1})[0]);
    whole_log l(stored, 2 * one);
    l.commit_to(5);
    auto found = l.committed_entries(true);
    REQUIRE(found.size() == 2);
    l.accept_applying(2, size_of(found), true);
    CHECK_FALSE(l.has_committed_entries(true));  // full
    l.applied_to(1, one);
    found = l.committed_entries(true);
    REQUIRE(found.size() == 1);
    CHECK(found[0].index == 3);
    l.accept_applying(3, one, true);
    l.applied_to(3, 2 * one);
    CHECK(l.committed_entries(true).size() == 2);
    CHECK(l.applied() == 3);
}

TEST_CASE("log: what is committed and not stored here waits, where that is asked for") {
    memory_log stored;
    whole_log l(stored, no_limit);
    l.append(entries_of({1, 1}));
    l.commit_to(2);
    CHECK(l.committed_entries(true).size() == 2);
    CHECK(l.committed_entries(false).empty());
    stored.append(l.unstable().next_entries());
    l.accept_unstable();
    l.stored({1, 1});
    CHECK(l.committed_entries(false).size() == 1);
}

TEST_CASE("log: an image begins it anew, and entries wait until it is stored") {
    memory_log stored = stored_of({1, 1});
    whole_log l(stored, no_limit);
    l.append(entries_of({1}, 3));
    l.restore(image_of(4, 10));
    CHECK(l.first_index() == 11);
    CHECK(l.last_index() == 10);
    CHECK(l.last() == entry_id{4, 10});
    CHECK(l.committed() == 10);
    CHECK(l.unstable().next_image() != nullptr);
    l.append(entries_of({5}, 11));
    l.commit_to(11);
    CHECK_FALSE(l.has_committed_entries(true));
    l.accept_unstable();
    CHECK(l.unstable().next_image() == nullptr);
    l.stored_image(9);  // another one
    CHECK(l.has_image_pending());
    stored.install(image_of(4, 10));
    l.stored_image(10);
    l.applied_to(10, 0);
    CHECK(l.committed_entries(true).size() == 1);
}

TEST_CASE("entries: sizes, and a beginning within one") {
    std::vector<entry> const entries{{1, 1, entry_kind::command, "0123456789"}, {300, 2, entry_kind::command, {}}};
    CHECK(size_of(entries[0]) == 4 + 1 + 1 + 12);
    CHECK(size_of(entries[1]) == 4 + 2 + 1);
    CHECK(payload_size_of(entries) == 10);
    CHECK(limited(entries, 0).size() == 1);
    CHECK(limited(entries, 24).size() == 1);
    CHECK(limited(entries, 25).size() == 2);
    CHECK(limited({}, 25).empty());
    CHECK(payload("a") == payload(std::string("a")));
    CHECK_FALSE(payload("a") == payload());
}
