#pragma once

#include <phantomdb/server/socket_transport.hpp>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace phantomdb::server {

namespace {

std::string tls_problem() {
    char const* reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return reason ? reason : "unknown reason";
}

[[noreturn]] void client_gone() { throw error(errc::connection_failure, "connection to client lost"); }

}  // namespace

tls_identity::tls_identity(std::filesystem::path const& certificate, std::filesystem::path const& key)
    : native_(SSL_CTX_new(TLS_server_method())) {
    auto const check = [&](int result, std::string const& what) {
        if (native_ && result == 1) return;
        std::string const reason = tls_problem();
        SSL_CTX_free(native_);
        throw error(errc::invalid_parameter_value, "could not " + what + ": " + reason);
    };
    check(native_ != nullptr, "start TLS");
    check(SSL_CTX_set_min_proto_version(native_, TLS1_2_VERSION), "ask for TLS 1.2");
    check(SSL_CTX_use_certificate_chain_file(native_, certificate.c_str()),
          "load the TLS certificate " + certificate.string());
    check(SSL_CTX_use_PrivateKey_file(native_, key.c_str(), SSL_FILETYPE_PEM), "load the TLS key " + key.string());
    check(SSL_CTX_check_private_key(native_), "use the TLS key " + key.string() + " with the certificate");
}

tls_identity::~tls_identity() { SSL_CTX_free(native_); }

socket_transport::~socket_transport() {
    SSL_free(encrypted_);
    ::close(descriptor_);
}

std::size_t socket_transport::read(char* into, std::size_t capacity) {
    if (encrypted_) {
        int const got = SSL_read(encrypted_, into, static_cast<int>(std::min<std::size_t>(capacity, INT_MAX)));
        if (got <= 0) ERR_clear_error();
        return static_cast<std::size_t>(std::max(got, 0));
    }
    ssize_t got;
    do got = ::recv(descriptor_, into, capacity, 0);
    while (got < 0 && errno == EINTR);
    return static_cast<std::size_t>(std::max<ssize_t>(got, 0));
}

void socket_transport::write(std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t sent;
        if (encrypted_) {
            sent = SSL_write(encrypted_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX)));
            if (sent <= 0) ERR_clear_error(), client_gone();
        } else {
            sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent < 0) client_gone();
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void socket_transport::encrypt() {
    encrypted_ = SSL_new(identity_->native());
    if (!encrypted_ || SSL_set_fd(encrypted_, descriptor_) != 1 || SSL_accept(encrypted_) != 1) {
        throw error(errc::connection_failure, "could not accept TLS connection: " + tls_problem());
    }
}

void socket_transport::encrypt_as_client() {
    static std::unique_ptr<ssl_ctx_st, decltype(&SSL_CTX_free)> const context(SSL_CTX_new(TLS_client_method()),
                                                                              &SSL_CTX_free);
    encrypted_ = context ? SSL_new(context.get()) : nullptr;
    if (!encrypted_ || SSL_set_fd(encrypted_, descriptor_) != 1 || SSL_connect(encrypted_) != 1) {
        throw error(errc::connection_failure, "could not start TLS: " + tls_problem());
    }
}

void socket_transport::limit_waiting(std::chrono::milliseconds limit) {
    timeval const time{limit.count() / 1000, limit.count() % 1000 * 1000};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

void socket_transport::unblock() {
    ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
    if (encrypted_) SSL_set_mode(encrypted_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

socket_transport::attempt socket_transport::after_tls(int result) {
    if (result > 0) return {static_cast<std::size_t>(result), false, false, false};
    int const why = SSL_get_error(encrypted_, result);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ) return {0, false, true, false};
    if (why == SSL_ERROR_WANT_WRITE) return {0, false, false, true};
    return {0, true, false, false};
}

socket_transport::attempt socket_transport::try_read(char* into, std::size_t capacity) {
    if (encrypted_)
        return after_tls(SSL_read(encrypted_, into, static_cast<int>(std::min<std::size_t>(capacity, INT_MAX))));
    ssize_t got;
    do got = ::recv(descriptor_, into, capacity, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0) return {static_cast<std::size_t>(got), false, false, false};
    return {0, got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK), false, false};
}

socket_transport::attempt socket_transport::try_write(std::string_view bytes) {
    if (encrypted_)
        return after_tls(
            SSL_write(encrypted_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX))));
    ssize_t sent;
    do sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0) return {static_cast<std::size_t>(sent), false, false, false};
    return {0, errno != EAGAIN && errno != EWOULDBLOCK, false, false};
}

void socket_transport::stop_reading() { ::shutdown(descriptor_, SHUT_RD); }

void socket_transport::cut() { ::shutdown(descriptor_, SHUT_RDWR); }

}  // namespace phantomdb::server
