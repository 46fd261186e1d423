// A socket with or without TLS on it, and the frames that come over it. Part of transport.ipp.
#pragma once

#include <phantomdb/cluster/transport.hpp>
#include <phantomdb/env/address.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace phantomdb::cluster {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using steady = std::chrono::steady_clock;

namespace links {

std::string last_tls_problem() {
    char text[256] = "unknown problem";
    if (auto const code = ::ERR_get_error()) ::ERR_error_string_n(code, text, sizeof text);
    ::ERR_clear_error();
    return text;
}

/// What both sides of every connection use: each shows its certificate and wants to see the other's.
void load_tls(asio::ssl::context& context, tls_files const& files) {
    for (auto const& path : {files.authority, files.certificate, files.key}) {
        std::error_code failed;
        if (!std::filesystem::is_regular_file(path, failed)) {
            throw error(errc::undefined_file, "could not read the TLS file \"" + path.string() + "\"")
                .with_hint("TLS between nodes needs three files: authority, certificate and key.");
        }
    }
    auto const load = [](std::filesystem::path const& path, char const* what, auto action) {
        error_code failed;
        action(failed);
        if (!failed) return;
        throw error(errc::invalid_parameter_value,
                    std::string("could not use the TLS ") + what + " \"" + path.string() + "\": " + failed.message());
    };
    ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_3_VERSION);
    ::SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
    context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    load(files.authority, "authority", [&](error_code& e) { context.load_verify_file(files.authority.string(), e); });
    load(files.certificate, "certificate",
         [&](error_code& e) { context.use_certificate_chain_file(files.certificate.string(), e); });
    load(files.key, "key",
         [&](error_code& e) { context.use_private_key_file(files.key.string(), asio::ssl::context::pem, e); });
    if (::SSL_CTX_check_private_key(context.native_handle()) != 1) {
        throw error(errc::invalid_parameter_value,
                    "the TLS key \"" + files.key.string() + "\" is not the certificate's: " + last_tls_problem());
    }
}

/// The DNS names of a certificate, or its common name where it has none.
std::vector<std::string> names_of(::X509* certificate) {
    std::vector<std::string> names;
    auto const add = [&](::ASN1_STRING const* text) {
        if (text == nullptr) return;
        names.emplace_back(reinterpret_cast<char const*>(::ASN1_STRING_get0_data(text)),
                           static_cast<std::size_t>(::ASN1_STRING_length(text)));
    };
    if (auto* list =
            static_cast<::GENERAL_NAMES*>(::X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))) {
        for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
            auto const* name = sk_GENERAL_NAME_value(list, i);
            if (name->type == GEN_DNS) add(name->d.dNSName);
        }
        ::GENERAL_NAMES_free(list);
    }
    if (!names.empty()) return names;
    auto* subject = ::X509_get_subject_name(certificate);
    int const at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) add(::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at)));
    return names;
}

bool is_loopback(asio::ip::address const& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    }
    return address.is_loopback();
}

std::string text_of(tcp::endpoint const& endpoint) {
    return env::text_of({endpoint.address().to_string(), endpoint.port()});
}

/// Bytes on their way to become frames. Room grows with what arrives, not with what is announced.
class frame_buffer {
public:
    /// Longer ones, too: who has not greeted gets little room.
    void allow(frame_limits const& limits) { limits_ = limits; }

    asio::mutable_buffer room() {
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ == 0 && bytes_.size() > kept_bytes) std::string(step, '\0').swap(bytes_);
        if (bytes_.size() - end_ < step / 4) {
            if (begin_ >= end_ - begin_) {
                std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
                end_ -= begin_, begin_ = 0;
            }
            if (bytes_.size() - end_ < step / 4) bytes_.resize(std::max(step, bytes_.size() * 2));
        }
        return asio::buffer(bytes_.data() + end_, bytes_.size() - end_);
    }
    void arrived(std::size_t bytes) { end_ += bytes; }

    /// The next frame, if it is there. Errors as `take_frame`.
    std::optional<frame> next() {
        std::string_view in(bytes_.data() + begin_, end_ - begin_);
        std::size_t const before = in.size();
        auto made = take_frame(in, limits_);
        begin_ += before - in.size();
        return made;
    }

private:
    static constexpr std::size_t step = 64u << 10, kept_bytes = 1u << 20;
    frame_limits limits_{.message_bytes = frame_limits::small_bytes, .piece_bytes = frame_limits::small_bytes};
    std::string bytes_;
    std::size_t begin_ = 0, end_ = 0;
};

/// A connection's bytes. What is read into and written from belongs to it, for as long as something still does so.
class wire {
public:
    frame_buffer in;
    std::string writing;

    wire(tcp::socket socket, asio::ssl::context& tls, bool encrypted)
        : stream_(std::move(socket), tls), encrypted_(encrypted) {}

    tcp::socket& socket() { return stream_.next_layer(); }

    template <class Handler>
    void handshake(asio::ssl::stream_base::handshake_type side, Handler handler) {
        if (encrypted_) return stream_.async_handshake(side, std::move(handler));
        handler(error_code());
    }
    template <class Handler>
    void read_some(asio::mutable_buffer into, Handler handler) {
        if (encrypted_) stream_.async_read_some(into, std::move(handler));
        else socket().async_read_some(into, std::move(handler));
    }
    template <class Handler>
    void write_some(asio::const_buffer from, Handler handler) {
        if (encrypted_) stream_.async_write_some(from, std::move(handler));
        else socket().async_write_some(from, std::move(handler));
    }
    void close() {
        error_code ignored;
        socket().close(ignored);
    }

    /// Whether the other side's certificate is `node`'s. Without TLS nobody can be asked.
    bool is(node_id node, std::string const& cluster) {
        if (!encrypted_) return true;
        ::X509* certificate = ::SSL_get1_peer_certificate(stream_.native_handle());
        if (certificate == nullptr) return false;
        auto const names = names_of(certificate);
        ::X509_free(certificate);
        std::string const wanted = "node-" + std::to_string(node);
        return std::any_of(names.begin(), names.end(),
                           [&](auto const& name) { return name == wanted || name == wanted + "." + cluster; });
    }

private:
    asio::ssl::stream<tcp::socket> stream_;
    bool encrypted_;
};

}  // namespace links

}  // namespace phantomdb::cluster
