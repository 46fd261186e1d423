/// @file Defines `socket_transport`, a client on a stream socket, in clear or under TLS.
#pragma once

#include <phantomdb/server/transport.hpp>

#include <chrono>
#include <filesystem>
#include <memory>

struct ssl_ctx_st;
struct ssl_st;

namespace phantomdb::server {

/// The server's certificate and key. Shared by connections; thread-safe once made.
class tls_identity {
public:
    /// PEM files; the certificate may be a chain. 22023 naming the file and the reason if they can't be used.
    tls_identity(std::filesystem::path const& certificate, std::filesystem::path const& key);
    ~tls_identity();
    tls_identity(tls_identity const&) = delete;
    tls_identity& operator=(tls_identity const&) = delete;

    ssl_ctx_st* native() const { return native_; }

private:
    ssl_ctx_st* native_;
};

/// Blocking calls on a connected socket: one system call a read and a write. The process must ignore SIGPIPE.
class socket_transport final : public transport {
public:
    /// Owns `descriptor`. `identity` may be null: no TLS then.
    socket_transport(int descriptor, tls_identity const* identity) : descriptor_(descriptor), identity_(identity) {}
    ~socket_transport() override;

    std::size_t read(char* into, std::size_t capacity) override;
    void write(std::string_view bytes) override;
    bool can_encrypt() const override { return identity_ && !encrypted_; }
    void encrypt() override;
    void stop_reading() override;
    void cut() override;

    /// Goes on under TLS as the side that called; whom it talks to is not proved. 08006 if the handshake fails.
    void encrypt_as_client();
    /// Reads and writes fail after this time.
    void limit_waiting(std::chrono::milliseconds limit);

    /// From here on reads and writes are for `try_read` and `try_write`.
    void unblock();
    struct attempt {
        std::size_t bytes = 0;  ///< none: not yet, or `ended`
        bool ended = false;
        bool waits_to_read = false, waits_to_write = false;  ///< what TLS needs first
    };
    attempt try_read(char* into, std::size_t capacity);
    attempt try_write(std::string_view bytes);
    int descriptor() const { return descriptor_; }
    bool encrypted() const { return encrypted_ != nullptr; }

private:
    attempt after_tls(int result);

    int descriptor_;
    tls_identity const* identity_;
    ssl_st* encrypted_ = nullptr;
};

}  // namespace phantomdb::server
