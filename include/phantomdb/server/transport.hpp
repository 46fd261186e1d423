/// @file Defines `transport`, the blocking byte stream between the server and one client, and `message_channel` on it.
#pragma once

#include <phantomdb/server/message.hpp>
#include <phantomdb/server/reply.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::server {

/// A stream of bytes to and from one client. One thread reads and writes; `stop_reading` and `cut` come from any thread.
class transport {
public:
    virtual ~transport() = default;

    /// Waits for bytes and returns how many came; 0 when there will be none any more.
    virtual std::size_t read(char* into, std::size_t capacity) = 0;
    /// Waits until all is handed over. Raises 08006 if the client is gone.
    virtual void write(std::string_view bytes) = 0;

    /// Whether `encrypt` can be asked for.
    virtual bool can_encrypt() const { return false; }
    /// Goes on under TLS. Raises 08006 if the handshake fails.
    virtual void encrypt() {}

    /// Lets `read` return 0 from now on; what is written still arrives.
    virtual void stop_reading() = 0;
    /// Breaks the stream both ways at once.
    virtual void cut() = 0;
};

/// Messages over a transport: reads whole frames, collects replies and sends them in few writes.
///
/// Replies go out when the client waits for them (`flush_due`) and nothing it sent is left to be read, or when many
/// have come together; so a pipeline of messages costs one read and one write. Not thread-safe.
class message_channel {
public:
    explicit message_channel(transport& wire) : wire_(wire), input_(new char[initial_capacity]) {}

    /// The next message, valid until the next call; nothing at the end of the stream. Raises as `next_frame`, and 08006.
    std::optional<frame> next(bool authenticated = true);
    /// The next message if it is here already: no waiting, no sending.
    std::optional<frame> next_at_hand();
    std::optional<frame> next_startup();

    reply_buffer& replies() { return replies_; }
    /// The client waits for what was written so far.
    void flush_due() { due_ = true; }
    /// To be called between replies: sends when enough have come together.
    void flush_if_full() {
        if (replies_.size() >= enough) flush();
    }
    void flush();

    /// Sending failed: the client is gone.
    bool broken() const { return broken_; }
    transport& wire() { return wire_; }
    /// Whether bytes came that no message was made of yet (they must not come from before TLS).
    bool has_unread() const { return begin_ != end_; }
    /// Those bytes, for somebody else to read.
    std::string take_unread() {
        std::string taken(unread());
        begin_ = end_;
        return taken;
    }

private:
    static constexpr std::size_t initial_capacity = std::size_t{16} << 10, enough = std::size_t{32} << 10;

    template <class Find>
    std::optional<frame> next_by(Find find);
    bool fill(std::size_t needed);
    std::string_view unread() const { return {input_.get() + begin_, end_ - begin_}; }

    transport& wire_;
    std::unique_ptr<char[]> input_;
    std::size_t capacity_ = initial_capacity, begin_ = 0, end_ = 0;
    reply_buffer replies_;
    bool due_ = false, broken_ = false;
};

}  // namespace phantomdb::server
