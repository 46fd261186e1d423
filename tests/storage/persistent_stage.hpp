/// @file Defines `persistent_stage`, on which stores that keep files obey the laws of stores.
#pragma once

#include <phantomdb/storage/persistent_store.hpp>

#include "storage/ordered_store_laws.hpp"

#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace phantomdb::storage::laws {

/// Keeps a store in a directory of `environment`, with checkpoints now and then, and plays what a commit log would: after
/// opening, batches above the last checkpoint are applied again.
template <class Store, class Environment>
class persistent_stage {
public:
    using store_type = Store;

    persistent_stage(Environment const& environment, store_options const& options, unsigned checkpoint_each,
                     unsigned reopen_each)
        : environment_(environment), options_(options), checkpoint_each_(checkpoint_each), reopen_each_(reopen_each) {
        open();
    }

    Store& store() { return *store_; }
    void applied(write_batch const& batch, lsn_type lsn, key_source& source) {
        log_.emplace_back(batch, lsn);
        if (checkpoint_each_ != 0 && source.number(checkpoint_each_) == 0) checkpoint();
    }
    bool wants_reopen(key_source& source) { return reopen_each_ != 0 && source.number(reopen_each_) == 0; }
    void reopen() {
        store_.reset();
        open();
    }

    void checkpoint() {
        lsn_type const durable = store_->checkpoint();
        while (!log_.empty() && log_.front().second <= durable) log_.pop_front();
        store_->maintain();
        if (++checkpoints_ % 8 != 0) return;
        store_->verify(
            {[](finding const& f) { broken(f.file + " at " + std::to_string(f.offset) + ": " + f.what); }, {}});
    }

private:
    void open() {
        store_ = std::make_unique<Store>(environment_, "data", options_);
        for (auto const& [batch, lsn] : log_) {
            if (lsn > store_->applied()) store_->apply(batch, lsn);
        }
    }

    Environment environment_;
    store_options options_;
    unsigned checkpoint_each_, reopen_each_;
    std::unique_ptr<Store> store_;
    std::deque<std::pair<write_batch, lsn_type>> log_;
    unsigned checkpoints_ = 0;
};

}  // namespace phantomdb::storage::laws
