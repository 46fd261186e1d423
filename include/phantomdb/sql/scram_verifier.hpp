/// @file Defines `scram_verifier`, what is stored of a password, and the primitives of SCRAM-SHA-256 (RFC 5802, RFC 7677).
///
/// The stored text is PostgreSQL's: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, the last three in base 64.
/// Passwords are taken as UTF-8 bytes: SASLprep (RFC 4013) is the identity for ASCII and isn't applied beyond it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::sql {

using sha256_digest = std::array<unsigned char, 32>;

/// The keys that check a SCRAM exchange without revealing the password.
struct scram_verifier {
    static constexpr int default_iterations = 4096;
    static constexpr std::size_t salt_bytes = 16;

    int iterations = default_iterations;
    std::string salt;  ///< raw bytes
    sha256_digest stored_key{}, server_key{};

    /// From a password and a random salt. Takes milliseconds by design.
    static scram_verifier of(std::string_view password, std::string_view salt, int iterations = default_iterations);
    /// As `of`, with a fresh salt from the system's random source.
    static scram_verifier of(std::string_view password);
    /// Reads the stored text; nothing if it isn't one.
    static std::optional<scram_verifier> parse(std::string_view stored);
    std::string text() const;
};

sha256_digest sha256(std::string_view bytes);
sha256_digest hmac_sha256(std::string_view key, std::string_view message);
/// `size` bytes nobody can guess. XX000 if the system has none.
std::string random_bytes(std::size_t size);
std::string base64(std::string_view bytes);
/// Strict: padding required, no spaces; nothing if malformed.
std::optional<std::string> from_base64(std::string_view text);
/// The digest's bytes as text, to hash further.
inline std::string_view bytes_of(sha256_digest const& digest) {
    return {reinterpret_cast<char const*>(digest.data()), digest.size()};
}
/// Compares in a time that doesn't depend on where they differ.
bool equal_in_constant_time(std::string_view left, std::string_view right);

}  // namespace phantomdb::sql
