/// @file Defines `file_reads`: what a thread has read from the files of stores, so that whoever asked a store for something can
/// tell whether memory had it.
#pragma once

#include <cstdint>

namespace phantomdb::storage {

/// Pages, blocks and large values this thread has had read so far. Stores count here beside their own statistics; background
/// threads that read for nobody in particular do so on threads of their own.
inline std::uint64_t& file_reads() {
    static thread_local constinit std::uint64_t reads = 0;
    return reads;
}

}  // namespace phantomdb::storage
