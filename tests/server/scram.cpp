#include "support/catch.hpp"

#include <phantomdb/base/error.hpp>
#include <phantomdb/server/scram.hpp>

using namespace phantomdb;
using server::scram_exchange;
using sql::scram_verifier;

namespace {

// The example of RFC 7677, section 3.
constexpr char client_nonce_first[] = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr char server_nonce[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr char client_final_start[] = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=";

scram_verifier pencil() { return scram_verifier::of("pencil", *sql::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==")); }

std::string code_of_first(std::string const& message) {
    scram_exchange exchange("user", pencil(), server_nonce, "secret");
    try {
        exchange.first(message);
    } catch (error const& caught) {
        return std::string(caught.code.view());
    }
    return "none";
}

}  // namespace

TEST_CASE("the exchange of RFC 7677 comes out byte by byte") {
    scram_exchange exchange("user", pencil(), server_nonce, "secret");
    CHECK(exchange.first(client_nonce_first) ==
          "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    auto const last = exchange.last(std::string(client_final_start) + "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    REQUIRE(last.has_value());
    CHECK(*last == "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("a wrong proof and a role without a verifier both end in nothing") {
    std::string const right = std::string(client_final_start) + "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    std::string const wrong = std::string(client_final_start) + "eHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    scram_exchange known("user", pencil(), server_nonce, "secret");
    known.first(client_nonce_first);
    CHECK_FALSE(known.last(wrong).has_value());

    scram_exchange unknown("nobody", std::nullopt, server_nonce, "secret");
    scram_exchange again("nobody", std::nullopt, server_nonce, "secret");
    scram_exchange other("somebody", std::nullopt, server_nonce, "secret");
    auto const said = unknown.first(client_nonce_first);
    CHECK(said == again.first(client_nonce_first));
    CHECK(said != other.first(client_nonce_first));
    CHECK(said.size() == std::string("r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").size() + 30);
    CHECK_FALSE(unknown.last(right).has_value());
}

TEST_CASE("malformed SCRAM messages are protocol violations") {
    CHECK(code_of_first("") == "08P01");
    CHECK(code_of_first("n") == "08P01");
    CHECK(code_of_first("n,") == "08P01");
    CHECK(code_of_first("x,,n=,r=abc") == "08P01");
    CHECK(code_of_first("n,,r=abc") == "08P01");
    CHECK(code_of_first("n,,n=,r=") == "08P01");
    CHECK(code_of_first("n,,n=,r=a\x01") == "08P01");
    CHECK(code_of_first("n,,m=x,n=,r=abc") == "08P01");
    CHECK(code_of_first("p=tls-unique,,n=,r=abc") == "08P01");
    CHECK(code_of_first("n,a=admin,n=,r=abc") == "0A000");
    CHECK(code_of_first("y,,n=,r=abc") == "none");

    for (std::string const& bad :
         {std::string(""), std::string("c=biws"), std::string("c=biws,r=wrong,p=AAAA"),
          std::string(client_final_start) + "not base 64",
          "c=eSws" + std::string(client_final_start).substr(6) + "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="}) {
        scram_exchange exchange("user", pencil(), server_nonce, "secret");
        exchange.first(client_nonce_first);
        CHECK_THROWS_AS(exchange.last(bad), error);
    }
}

TEST_CASE("a verifier survives its text, PostgreSQL's own included") {
    auto const made = pencil();
    auto const read = scram_verifier::parse(made.text());
    REQUIRE(read.has_value());
    CHECK(read->stored_key == made.stored_key);
    CHECK(read->server_key == made.server_key);
    CHECK(read->salt == made.salt);
    CHECK(scram_verifier::of("x").text() != scram_verifier::of("x").text());

    // Every text cut short is refused, and so is a verifier of another scheme.
    std::string const text = made.text();
    for (std::size_t size = 0; size < text.size(); ++size) CHECK_FALSE(scram_verifier::parse(text.substr(0, size)));
    CHECK_FALSE(scram_verifier::parse("md5c5a5b2b0d1c8c0f1a1e2d3c4b5a69788"));
}
