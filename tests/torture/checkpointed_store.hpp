/// @file Defines `checkpointed_store`, the simplest model of `persistent_store`: everything in memory, written whole.
#pragma once

#include <phantomdb/storage/image.hpp>
#include <phantomdb/storage/memory_store.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <optional>
#include <string>
#include <utility>

namespace phantomdb::torture {

template <env::environment Environment>
class checkpointed_store {
public:
    using snapshot_type = storage::memory_store::snapshot_type;
    using cursor_type = storage::memory_store::cursor_type;

    checkpointed_store(Environment& environment, std::string directory, storage::store_options const&)
        : environment_(environment), directory_(std::move(directory)) {
        env::create_own_directory(environment_, directory_);
        statistics_.durable = storage::load_image(environment_, path(), store_);
    }

    void apply(storage::write_batch const& batch, storage::lsn_type lsn) { store_.apply(batch, lsn); }
    storage::lsn_type applied() const { return store_.applied(); }
    snapshot_type snapshot() const { return store_.snapshot(); }

    storage::lsn_type checkpoint() { return write(store_.snapshot()); }
    bool maintain() { return false; }
    std::optional<error> refusal() const { return std::nullopt; }
    storage::store_statistics statistics() const { return statistics_; }
    void verify(storage::verification const& to) const {
        storage::memory_store again;
        try {
            storage::load_image(environment_, path(), again);
        } catch (error const& e) {
            if (e.code != errc::data_corrupted) throw;
            to.on_finding({directory_, 0, e.message});
        }
    }

protected:
    template <storage::store_snapshot Snapshot>
    storage::lsn_type write(Snapshot const& snapshot) {
        statistics_.written_bytes += storage::write_image(environment_, path(), snapshot).bytes;
        ++statistics_.checkpoints;
        return statistics_.durable = snapshot.lsn();
    }

private:
    std::string path() const { return env::join(directory_, "image"); }

    Environment& environment_;
    std::string directory_;
    storage::memory_store store_;
    storage::store_statistics statistics_;
};

}  // namespace phantomdb::torture
