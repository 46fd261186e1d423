/// @file Defines `request_meter`, which tells requests to a store that memory answered from those that read files.
#pragma once

#include <phantomdb/storage/file_reads.hpp>

#include <cstdint>

namespace phantomdb::exec {

/// Tells what requests to the store come to: hits, or reads from files. One begins with it. Whoever is called in between (with rows
/// of a scan) asks for things of its own: `pause` before, `resume` after, which begins the next request.
class request_meter {
public:
    void pause() {
        std::uint64_t const more = storage::file_reads() - begun_;
        reads_ += more;
        hits_ += more == 0 ? 1 : 0;
    }
    void resume() { begun_ = storage::file_reads(); }
    /// At the end, not paused. A last request that found no more rows in memory is none. `counted`: a `relation_usage`.
    template <class Usage>
    void add_to(Usage& counted) const {
        std::uint64_t const more = storage::file_reads() - begun_;
        counted.reads += reads_ + more;
        counted.hits += hits_ + (reads_ + more + hits_ == 0 ? 1 : 0);
    }

private:
    std::uint64_t begun_ = storage::file_reads();
    std::uint64_t hits_ = 0, reads_ = 0;
};

}  // namespace phantomdb::exec
