#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/sql/scram_verifier.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>

namespace phantomdb::sql {

namespace {

unsigned char const* octets(std::string_view text) { return reinterpret_cast<unsigned char const*>(text.data()); }

bool copy_digest(std::optional<std::string> const& bytes, sha256_digest& into) {
    if (!bytes || bytes->size() != into.size()) return false;
    std::copy_n(octets(*bytes), into.size(), into.begin());
    return true;
}

}  // namespace

sha256_digest sha256(std::string_view bytes) {
    sha256_digest digest;
    SHA256(octets(bytes), bytes.size(), digest.data());
    return digest;
}

sha256_digest hmac_sha256(std::string_view key, std::string_view message) {
    sha256_digest digest;
    unsigned length = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(message), message.size(), digest.data(),
              &length)) {
        throw error(errc::internal_error, "could not compute HMAC-SHA-256");
    }
    return digest;
}

std::string random_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
        throw error(errc::internal_error, "could not generate random bytes");
    }
    return bytes;
}

std::string base64(std::string_view bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    int const length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets(bytes), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.empty()) return std::string{};
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t const padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    bool const clean = std::all_of(text.begin(), text.end() - static_cast<std::ptrdiff_t>(padding), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    });
    if (!clean) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    int const length =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), octets(text), static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

scram_verifier scram_verifier::of(std::string_view password, std::string_view salt, int iterations) {
    sha256_digest salted;
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets(salt),
                          static_cast<int>(salt.size()), iterations, EVP_sha256(), static_cast<int>(salted.size()),
                          salted.data()) != 1) {
        throw error(errc::internal_error, "could not derive a key from the password");
    }
    scram_verifier made;
    made.iterations = iterations;
    made.salt = salt;
    made.stored_key = sha256(bytes_of(hmac_sha256(bytes_of(salted), "Client Key")));
    made.server_key = hmac_sha256(bytes_of(salted), "Server Key");
    return made;
}

scram_verifier scram_verifier::of(std::string_view password) { return of(password, random_bytes(salt_bytes)); }

std::optional<scram_verifier> scram_verifier::parse(std::string_view stored) {
    constexpr std::string_view scheme = "SCRAM-SHA-256$";
    if (!stored.starts_with(scheme)) return std::nullopt;
    stored.remove_prefix(scheme.size());
    std::size_t const colon = stored.find(':'), dollar = stored.find('$'), last_colon = stored.rfind(':');
    if (colon == stored.npos || dollar == stored.npos || !(colon < dollar && dollar < last_colon)) return std::nullopt;

    scram_verifier read;
    auto const [end, problem] = std::from_chars(stored.data(), stored.data() + colon, read.iterations);
    if (problem != std::errc{} || end != stored.data() + colon || read.iterations < 1) return std::nullopt;
    auto salt = from_base64(stored.substr(colon + 1, dollar - colon - 1));
    if (!salt || salt->empty()) return std::nullopt;
    read.salt = std::move(*salt);
    bool const complete =
        copy_digest(from_base64(stored.substr(dollar + 1, last_colon - dollar - 1)), read.stored_key) &&
        copy_digest(from_base64(stored.substr(last_colon + 1)), read.server_key);
    return complete ? std::optional{std::move(read)} : std::nullopt;
}

std::string scram_verifier::text() const {
    return "SCRAM-SHA-256$" + std::to_string(iterations) + ":" + base64(salt) + "$" + base64(bytes_of(stored_key)) +
           ":" + base64(bytes_of(server_key));
}

}  // namespace phantomdb::sql
