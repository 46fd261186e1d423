#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/sql/transaction_outcome.hpp>

#include <charconv>
#include <random>

namespace phantomdb::sql {

namespace {

constexpr std::uint64_t of_watchers = std::uint64_t{1} << 62;  // owners of locks that are no transactions
constexpr std::size_t id_digits = 32;                          // time and chance, 16 hexadecimal digits each

std::string outcome_key(std::string_view id) {
    std::string key;
    schema::append_id(key, schema::transaction_outcomes_id);
    return key.append(id);
}
std::string digits_of(std::uint64_t number) {
    std::string text(id_digits / 2, '0');
    for (std::size_t i = text.size(); i > 0; number >>= 4) text[--i] = "0123456789abcdef"[number & 15];
    return text;
}

std::uint64_t chance() {
    std::random_device source;
    return std::uint64_t{source()} << 32 | source();
}

void erase_old(session_core& session, std::int64_t now) {
    if (now < outcome_lifetime) return;
    constexpr std::size_t at_once = 8;
    std::string const to = outcome_key(digits_of(static_cast<std::uint64_t>(now - outcome_lifetime)));
    storage::slice old[at_once];
    std::vector<std::string> keys;
    {
        auto scan = session.transaction->latest_view().scan(outcome_key({}), to);
        std::size_t const n = scan.next_chunk(old);
        for (std::size_t i = 0; i < n; ++i) keys.emplace_back(old[i].key);
    }
    for (std::string const& key : keys) session.transaction->erase(key);
}

}  // namespace

std::string transaction_id_of(session_core& session) {
    if (!session.transaction_mark.empty()) return session.transaction_mark;
    if (session.read_only) throw session.refuse_writing("cannot name a transaction that is read-only");
    std::int64_t const now = session.clock();
    std::string const id = digits_of(static_cast<std::uint64_t>(now)) + digits_of(chance());
    std::string const key = outcome_key(id);
    session.transaction->lock(key);
    session.transaction->put(key, {});
    erase_old(session, now);
    session.transaction_mark = id;
    return id;
}

std::optional<std::string> transaction_status_of(session_core& session, std::string_view id) {
    std::uint64_t begun = 0;
    auto const [end, wrong] = std::from_chars(id.data(), id.data() + std::min(id.size(), id_digits / 2), begun, 16);
    if (wrong != std::errc() || id.size() != id_digits || end != id.data() + id_digits / 2 ||
        id.find_first_not_of("0123456789abcdef") != id.npos) {
        throw error(errc::invalid_text_representation, "\"" + std::string(id) + "\" is not the id of a transaction")
            .with_hint("It is what phantom.transaction_id() gave.");
    }
    auto& shared = session.shared;
    std::uint64_t const epoch = shared.replica ? shared.shard->epoch() : 0;
    if (shared.replica) {
        if (epoch == 0) throw session.refuse_writing("only the node that leads knows what became of a transaction");
        session.await_group();
    }
    std::string const key = outcome_key(id);
    auto const committed = [&] { return shared.shard->view().get(key).has_value(); };
    if (committed()) return "committed";
    mvcc::lock_owner looking(of_watchers | shared.advisory_owner.fetch_add(1));
    bool const ended = shared.shard->locks().acquire(looking, key, mvcc::lock_mode::update, mvcc::lock_wait::skip,
                                                     std::chrono::milliseconds(0), nullptr);
    bool const has_committed = committed();  // perhaps since
    shared.shard->locks().release_all(looking);
    if (has_committed) return "committed";
    if (shared.replica && shared.shard->epoch() != epoch)
        throw session.refuse_writing("this node has stopped leading meanwhile");
    if (!ended) return "in progress";
    if (session.clock() - static_cast<std::int64_t>(begun) > outcome_lifetime / 2) return std::nullopt;
    return "aborted";
}

}  // namespace phantomdb::sql
