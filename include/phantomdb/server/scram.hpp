/// @file Defines `scram_exchange`, the server's side of SCRAM-SHA-256 as a state machine on strings (RFC 5802, RFC 7677).
///
///     client-first   n,,n=,r=<client nonce>                                →  `first`
///     server-first   r=<client nonce><server nonce>,s=<salt>,i=<iterations>
///     client-final   c=<channel binding>,r=<both nonces>,p=<ClientProof>   →  `last`
///     server-final   v=<ServerSignature>
///
/// A role without a usable verifier gets an exchange with a made-up salt that is stable for the name and always ends in
/// failure, so that names and the lack of a password can't be told from outside.
#pragma once

#include <phantomdb/sql/scram_verifier.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::server {

/// One authentication attempt. Not thread-safe. Malformed messages raise 08P01; a wrong password does not throw.
class scram_exchange {
public:
    static constexpr std::string_view mechanism = "SCRAM-SHA-256";

    /// `verifier` is nothing for an unknown role; `server_nonce` printable and unguessable.
    /// `mock_secret` makes the salts of unknown roles, the same for the life of the server.
    scram_exchange(std::string_view role, std::optional<sql::scram_verifier> verifier, std::string server_nonce,
                   std::string_view mock_secret);

    /// Takes client-first, returns server-first.
    std::string first(std::string_view client_first);
    /// Takes client-final; returns server-final if the password is right, nothing otherwise.
    std::optional<std::string> last(std::string_view client_final);

private:
    sql::scram_verifier verifier_;
    bool known_;
    bool client_supports_binding_ = false;
    std::string server_nonce_, nonce_, client_first_bare_, server_first_;
};

/// A nonce for one exchange, from the system's random source.
std::string make_scram_nonce();

}  // namespace phantomdb::server
