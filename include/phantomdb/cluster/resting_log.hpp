/// @file Defines `resting_log` and what reads the log of a node that nobody runs: to look at its database, or to make a backup of it.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/cluster/entry_log.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/storage/any_log.hpp>
#include <phantomdb/storage/persistent_store.hpp>
#include <phantomdb/storage/write_batch.hpp>

#include <algorithm>
#include <string>

namespace phantomdb::cluster {

/// Stands for the log where the store of such a node is opened: nothing can be added to it.
class resting_log final : public storage::log_kind {
public:
    explicit resting_log(storage::lsn_type applied) : applied_(applied) {}

    storage::lsn_type append(std::string_view, epoch_type) override {
        throw error(errc::object_not_in_prerequisite_state, "a node of a cluster changes together with the others only")
            .with_hint("Start phantomd on its directory.");
    }
    void wait_durable(storage::lsn_type, epoch_type) override {}
    void wait_written(storage::lsn_type, epoch_type) override {}
    bool is_refused(storage::lsn_type) const override { return false; }
    storage::lsn_type durable() const override { return applied_; }
    storage::lsn_type last() const override { return applied_; }
    void read(storage::lsn_type, storage::log_reader const&) override {}
    void truncate(storage::lsn_type) override {}
    storage::log_statistics statistics() const override { return {}; }
    bool applies() const override { return true; }

private:
    storage::lsn_type applied_;
};

/// Whether `directory` is a node's.
template <env::environment Environment>
bool is_node(Environment& environment, std::string const& directory) {
    return environment.exists(env::join(directory, "phantomdb.node"));
}
inline std::string log_of_node(std::string const& directory) { return env::join(directory, "raft"); }

/// Hands every batch to `take` that the node knows to be committed and that its store, which has all up to `applied`, lacks.
/// Throws data_corrupted where log or store lack something; object_not_in_prerequisite_state where an image has to be put into the
/// store first, which the node does when it starts.
template <env::environment Environment, class Take>
void read_committed(Environment& environment, std::string const& directory, storage::lsn_type applied,
                    Take const& take) {
    entry_log<Environment> log(environment, log_of_node(directory));
    if (log.first_index() > std::max<raft::log_index>(applied, 1) + 1) {
        throw error(errc::object_not_in_prerequisite_state,
                    "the node in \"" + directory + "\" was stopped before it had put an image into its store")
            .with_hint("Start phantomd on it once.");
    }
    if (applied > log.last_index()) {
        throw error(errc::data_corrupted, "the replicated database in \"" + directory + "\" is damaged")
            .with_detail("Its store has more than its log.");
    }
    raft::log_index const first = std::max<raft::log_index>(applied + 1, log.first_index());
    // What is known to be committed is written down late: the store may have more.
    raft::log_index const end = std::max(first, log.state().commit + 1);
    for (raft::entry const& e : log.entries(first, end, raft::no_limit)) {
        if (e.kind == raft::entry_kind::command && !e.data.empty())
            take(storage::logged_batch{e.index, e.data.view(), false});
    }
}

/// Looks at the entries as such, where their bytes are sound: what cannot be read as a batch, and terms that go back.
template <env::environment Environment>
void verify_entries(Environment& environment, std::string const& directory, storage::verification const& to) {
    std::string const place = log_of_node(directory);
    entry_log<Environment> log(environment, place);
    auto const report = [&](raft::entry const& e, std::string what) {
        if (to.on_finding) to.on_finding({place, e.index, std::move(what)});
    };
    raft::term_number term = log.term(log.first_index() - 1).value_or(0);
    raft::log_index const first = log.first_index(), end = log.last_index() + 1;
    for (raft::entry const& e : log.entries(first, end, raft::no_limit)) {
        std::string const name = "entry " + std::to_string(e.index);
        if (e.term < term)
            report(e, name + " has term " + std::to_string(e.term) + ", behind one of term " + std::to_string(term));
        term = e.term;
        if (e.kind == raft::entry_kind::command && !e.data.empty()) {
            try {
                storage::write_batch::from_bytes(std::string(e.data.view()));
            } catch (error const& wrong) {
                report(e, name + " is no change of a database: " + wrong.message);
            }
        } else if (e.kind != raft::entry_kind::command && !raft::decode_membership_change(e.data.view())) {
            report(e, name + " is no change of the membership");
        }
        if (to.on_progress && e.index % 1024 == 0) to.on_progress(e.index - first, end - first);
    }
}

}  // namespace phantomdb::cluster
