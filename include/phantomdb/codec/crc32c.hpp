/// @file Defines `crc32c`, the checksum (Castagnoli polynomial) of everything PhantomDB writes to a disk.
#pragma once

#include <phantomdb/codec/varint.hpp>

#include <array>
#include <cstdint>
#include <string_view>

#if defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace phantomdb::codec {

namespace detail {

/// Eight tables, so that eight bytes are taken at a time (slicing-by-8).
inline constexpr auto crc32c_tables = [] {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
        tables[0][i] = crc;
    }
    for (std::size_t t = 1; t < 8; ++t) {
        for (std::size_t i = 0; i < 256; ++i) {
            tables[t][i] = (tables[t - 1][i] >> 8) ^ tables[0][tables[t - 1][i] & 0xff];
        }
    }
    return tables;
}();

inline std::uint32_t crc32c_by_table(std::uint32_t crc, char const* at, std::size_t size) {
    auto const& t = crc32c_tables;
    for (; size >= 8; at += 8, size -= 8) {
        std::uint64_t const word = load_fixed<std::uint64_t>(at) ^ crc;
        crc = 0;
        for (std::size_t i = 0; i < 8; ++i) crc ^= t[7 - i][(word >> (8 * i)) & 0xff];
    }
    for (; size > 0; ++at, --size) crc = (crc >> 8) ^ t[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) inline std::uint32_t crc32c_by_instruction(std::uint32_t crc, char const* at,
                                                                             std::size_t size) {
    std::uint64_t wide = crc;
    for (; size >= 8; at += 8, size -= 8) wide = __builtin_ia32_crc32di(wide, load_fixed<std::uint64_t>(at));
    crc = static_cast<std::uint32_t>(wide);
    for (; size > 0; ++at, --size) crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*at));
    return crc;
}
inline bool const has_crc32c_instruction = __builtin_cpu_supports("sse4.2") != 0;
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
inline std::uint32_t crc32c_by_instruction(std::uint32_t crc, char const* at, std::size_t size) {
    for (; size >= 8; at += 8, size -= 8) crc = __crc32cd(crc, load_fixed<std::uint64_t>(at));
    for (; size > 0; ++at, --size) crc = __crc32cb(crc, static_cast<unsigned char>(*at));
    return crc;
}
inline constexpr bool has_crc32c_instruction = true;
#else
inline std::uint32_t crc32c_by_instruction(std::uint32_t crc, char const* at, std::size_t size) {
    return crc32c_by_table(crc, at, size);
}
inline constexpr bool has_crc32c_instruction = false;
#endif

}  // namespace detail

/// The CRC32C of `bytes`; `so_far` continues the checksum of what came before. O(n), about 10 GB/s where the
/// processor has an instruction for it.
inline std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far = 0) {
    std::uint32_t const crc = detail::has_crc32c_instruction
                                  ? detail::crc32c_by_instruction(~so_far, bytes.data(), bytes.size())
                                  : detail::crc32c_by_table(~so_far, bytes.data(), bytes.size());
    return ~crc;
}

}  // namespace phantomdb::codec
