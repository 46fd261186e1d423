/// @file Defines `replicated_instance`: an open data directory as the state machine of a replica. Private to the library.
///
/// What other nodes have done comes in here: it is put into the shard, and what sessions keep in memory of the store follows
/// (the catalog at once; counters of sequences and of rows when this node begins to lead, before it takes a write).
#pragma once

#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/exec/row_numbers.hpp>
#include <phantomdb/exec/sequences.hpp>
#include <phantomdb/exec/stored_catalog.hpp>
#include <phantomdb/mvcc/local_shard.hpp>

#include <atomic>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace phantomdb::sql {

class replicated_instance final : public cluster::state_machine {
public:
    /// What is kept in memory.
    struct kept {
        exec::stored_catalog* catalog = nullptr;
        exec::row_numbers* numbers = nullptr;
        exec::sequence_states* sequences = nullptr;
    };

    replicated_instance(mvcc::local_shard& shard, cluster::replica& replica) : shard_(shard), replica_(replica) {}
    replicated_instance(replicated_instance const&) = delete;
    replicated_instance& operator=(replicated_instance const&) = delete;
    ~replicated_instance() override { replica_.stop(); }  // also where opening fails half-way

    /// From now on `what` follows; it catches up first.
    void keep(kept what) {
        kept_ = what;
        ready_.store(true, std::memory_order_release);
        what.catalog->follow([this] { return shard_.begin(); }, [] {});
    }
    /// For `shard_options::around_foreign`.
    void around_foreign(std::function<bool(std::string_view)> const& changes, std::function<void()> const& apply) {
        if (!ready_.load(std::memory_order_acquire) || !changes(exec::stored_catalog::change_key())) return apply();
        kept_.catalog->follow([this] { return shard_.begin(); }, apply);
    }

    void apply(std::span<storage::logged_batch const> batches) override { shard_.apply_log(batches); }
    void begin_epoch() override {
        shard_.begin_epoch();
        if (!ready_.load(std::memory_order_acquire)) return;
        kept_.numbers->catch_up(shard_.begin());
        kept_.sequences->forget_all();
    }
    void install(std::string const& file, storage::lsn_type lsn) override {
        shard_.install_image(file, lsn);
        shard_.checkpoint();
    }
    storage::image_facts write_image(std::string const& file) override {
        auto const view = shard_.view();
        return storage::write_image(shard_.environment(), file, view.base());
    }

private:
    mvcc::local_shard& shard_;
    cluster::replica& replica_;
    kept kept_;
    std::atomic<bool> ready_{false};
};

}  // namespace phantomdb::sql
