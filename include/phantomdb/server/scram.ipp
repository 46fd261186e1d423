#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/server/scram.hpp>

#include <algorithm>

namespace phantomdb::server {

namespace {

[[noreturn]] void malformed(std::string detail) {
    throw error(errc::protocol_violation, "malformed SCRAM message").with_detail(std::move(detail));
}

/// Takes `<name>=value` off the front of `rest`, with the comma behind it.
std::string_view take_attribute(std::string_view& rest, char name) {
    if (rest.size() < 2 || rest[0] != name || rest[1] != '=') {
        malformed(std::string("Expected attribute \"") + name + "\".");
    }
    std::size_t const end = std::min(rest.find(','), rest.size());
    std::string_view const value = rest.substr(2, end - 2);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return value;
}

bool is_nonce(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace

scram_exchange::scram_exchange(std::string_view role, std::optional<sql::scram_verifier> verifier,
                               std::string server_nonce, std::string_view mock_secret)
    : known_(verifier.has_value()), server_nonce_(std::move(server_nonce)) {
    if (known_) {
        verifier_ = std::move(*verifier);
    } else {
        auto const digest = sql::hmac_sha256(mock_secret, role);
        verifier_.salt = sql::bytes_of(digest).substr(0, sql::scram_verifier::salt_bytes);
    }
}

std::string scram_exchange::first(std::string_view client_first) {
    if (client_first.empty()) malformed("The message is empty.");
    switch (client_first[0]) {
        case 'n': break;
        case 'y': client_supports_binding_ = true; break;
        case 'p':
            throw error(errc::protocol_violation,
                        "client requires SCRAM channel binding, but it is not offered on this connection");
        default: malformed("Unexpected channel-binding flag.");
    }
    if (client_first.size() < 3 || client_first[1] != ',') malformed("Comma expected.");
    if (client_first[2] == 'a') {
        throw error(errc::feature_not_supported, "client uses authorization identity, but it is not supported");
    }
    if (client_first[2] != ',') malformed("Unexpected attribute in client-first-message.");

    client_first_bare_ = client_first.substr(3);
    std::string_view rest = client_first_bare_;
    if (rest.starts_with("m=")) {
        throw error(errc::protocol_violation, "client requires an unsupported SCRAM extension");
    }
    take_attribute(rest, 'n');  // the role comes from the start-up packet, as in PostgreSQL
    std::string_view const client_nonce = take_attribute(rest, 'r');
    if (!is_nonce(client_nonce)) malformed("Non-printable characters in SCRAM nonce.");

    nonce_ = std::string(client_nonce) + server_nonce_;
    server_first_ = "r=" + nonce_ + ",s=" + sql::base64(verifier_.salt) + ",i=" + std::to_string(verifier_.iterations);
    return server_first_;
}

std::optional<std::string> scram_exchange::last(std::string_view client_final) {
    std::size_t const proof_at = client_final.rfind(",p=");
    if (proof_at == client_final.npos) malformed("Expected attribute \"p\".");
    std::string_view const without_proof = client_final.substr(0, proof_at);
    auto const proof = sql::from_base64(client_final.substr(proof_at + 3));
    if (!proof || proof->size() != sql::sha256_digest{}.size()) malformed("Malformed proof in client-final-message.");

    std::string_view rest = without_proof;
    // "n,," or "y,," in base 64: what the client said of channel binding must be what arrived in its first message.
    if (take_attribute(rest, 'c') != (client_supports_binding_ ? "eSws" : "biws")) {
        throw error(errc::protocol_violation, "unexpected SCRAM channel-binding attribute in client-final-message");
    }
    if (take_attribute(rest, 'r') != nonce_) malformed("Nonce does not match.");

    std::string const authenticated = client_first_bare_ + "," + server_first_ + "," + std::string(without_proof);
    auto client_key = sql::hmac_sha256(sql::bytes_of(verifier_.stored_key), authenticated);
    for (std::size_t i = 0; i < client_key.size(); ++i) client_key[i] ^= static_cast<unsigned char>((*proof)[i]);
    auto const stored = sql::sha256(sql::bytes_of(client_key));
    bool const proven = sql::equal_in_constant_time(sql::bytes_of(stored), sql::bytes_of(verifier_.stored_key));
    if (!proven || !known_) return std::nullopt;
    return "v=" + sql::base64(sql::bytes_of(sql::hmac_sha256(sql::bytes_of(verifier_.server_key), authenticated)));
}

std::string make_scram_nonce() { return sql::base64(sql::random_bytes(18)); }

}  // namespace phantomdb::server
