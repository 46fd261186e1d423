/// @file Defines how blocks are compressed: raw, by LZ4 or by zstd.
///
/// LZ4 and zstd are there where the build names them (PHANTOMDB_HAS_LZ4, PHANTOMDB_HAS_ZSTD; phantomdb's CMake target does).
/// Without them blocks are written raw, and reading compressed ones is refused with feature_not_supported.
#pragma once

#include <phantomdb/base/error.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#if defined(PHANTOMDB_HAS_LZ4)
#include <lz4.h>
#endif
#if defined(PHANTOMDB_HAS_ZSTD)
#include <zstd.h>
#endif

namespace phantomdb::storage::lsm {

/// The number is part of the format.
enum class block_codec : std::uint8_t { raw = 0, lz4 = 1, zstd = 2 };

/// Compresses block after block; holds what the codecs need between them. Used by one thread at a time.
class block_compressor {
public:
    /// Compresses `raw` into `out` (replaced) and says how: `wanted`, or raw where that saves less than an eighth.
    block_codec compress(block_codec wanted, std::string_view raw, std::string& out) {
        std::size_t size = 0;
        if (raw.size() <= most_compressed) size = try_compress(wanted, raw, out);
        if (size == 0 || size > raw.size() - raw.size() / 8) {
            out.assign(raw);
            return block_codec::raw;
        }
        out.resize(size);
        return wanted;
    }

private:
    static constexpr std::size_t most_compressed = std::size_t{1} << 30;

    std::size_t try_compress([[maybe_unused]] block_codec wanted, [[maybe_unused]] std::string_view raw,
                             [[maybe_unused]] std::string& out) {
#if defined(PHANTOMDB_HAS_LZ4)
        if (wanted == block_codec::lz4) {
            out.resize(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(raw.size()))));
            int const size = LZ4_compress_default(raw.data(), out.data(), static_cast<int>(raw.size()),
                                                  static_cast<int>(out.size()));
            return size <= 0 ? 0 : static_cast<std::size_t>(size);
        }
#endif
#if defined(PHANTOMDB_HAS_ZSTD)
        if (wanted == block_codec::zstd) {
            if (context_ == nullptr) context_.reset(ZSTD_createCCtx());
            if (context_ == nullptr) return 0;
            out.resize(ZSTD_compressBound(raw.size()));
            std::size_t const size =
                ZSTD_compressCCtx(context_.get(), out.data(), out.size(), raw.data(), raw.size(), 1);
            return ZSTD_isError(size) ? 0 : size;
        }
#endif
        return 0;
    }

#if defined(PHANTOMDB_HAS_ZSTD)
    struct free_context {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };
    std::unique_ptr<ZSTD_CCtx, free_context> context_;
#endif
};

/// Decompresses `stored` into exactly `size` bytes at `into`. False where it is damaged.
/// Throws feature_not_supported where this build does not know the codec.
inline bool decompress(std::uint8_t codec, std::string_view stored, char* into, std::size_t size) {
    switch (codec) {
        case static_cast<std::uint8_t>(block_codec::raw):
            if (stored.size() != size) return false;
            if (size != 0) std::memcpy(into, stored.data(), size);
            return true;
#if defined(PHANTOMDB_HAS_LZ4)
        case static_cast<std::uint8_t>(block_codec::lz4):
            if (stored.size() > LZ4_MAX_INPUT_SIZE || size > LZ4_MAX_INPUT_SIZE) return false;
            return LZ4_decompress_safe(stored.data(), into, static_cast<int>(stored.size()), static_cast<int>(size)) ==
                   static_cast<int>(size);
#endif
#if defined(PHANTOMDB_HAS_ZSTD)
        case static_cast<std::uint8_t>(block_codec::zstd): {
            struct free_context {
                void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
            };
            thread_local std::unique_ptr<ZSTD_DCtx, free_context> const context(ZSTD_createDCtx());
            if (context == nullptr) throw error(errc::out_of_memory, "out of memory");
            return ZSTD_decompressDCtx(context.get(), into, size, stored.data(), stored.size()) == size;
        }
#endif
        default:
            throw error(errc::feature_not_supported, "a block is compressed with codec " + std::to_string(codec) +
                                                         ", which this build of PhantomDB does not know");
    }
}

}  // namespace phantomdb::storage::lsm
