/// @file Defines `byte_pin`, which keeps borrowed bytes where they are.
///
/// Whoever owns the bytes (a page of a cache, a buffer made for one large value) derives from `pinned_bytes` and must not
/// move, reuse or free them while somebody holds a pin. A pin without bytes pins nothing and costs nothing: what a store
/// in memory gives out lives as long as the snapshot.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace phantomdb::storage {

/// Bytes that can be pinned. Thread-safe.
struct pinned_bytes {
    std::atomic<std::uint32_t> pins{0};
    /// Called by whoever drops the last pin; may be null. A cache that looks for unpinned pages by itself has none.
    void (*on_unpinned)(pinned_bytes*) = nullptr;
};

/// One pin, dropped by its destructor. Copying pins once more. One pin is used by one thread at a time.
class byte_pin {
public:
    byte_pin() = default;
    /// Takes over a pin that has been counted already.
    static byte_pin adopt(pinned_bytes* counted) {
        byte_pin made;
        made.bytes_ = counted;
        return made;
    }
    /// Counts one more. The bytes must be pinned already, or be kept in place by other means during the call.
    explicit byte_pin(pinned_bytes& bytes) : bytes_(&bytes) { bytes.pins.fetch_add(1, std::memory_order_acquire); }

    byte_pin(byte_pin const& other) noexcept : bytes_(other.bytes_) {
        if (bytes_ != nullptr) bytes_->pins.fetch_add(1, std::memory_order_relaxed);
    }
    byte_pin(byte_pin&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
    byte_pin& operator=(byte_pin other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~byte_pin() { reset(); }

    void reset() {
        pinned_bytes* const held = std::exchange(bytes_, nullptr);
        if (held == nullptr) return;
        // What `on_unpinned` is was settled before the first pin; afterwards the bytes may be gone.
        auto* const on_unpinned = held->on_unpinned;
        if (held->pins.fetch_sub(1, std::memory_order_acq_rel) == 1 && on_unpinned != nullptr) on_unpinned(held);
    }
    /// Hands the pin over to the caller, who adopts it later.
    [[nodiscard]] pinned_bytes* release() { return std::exchange(bytes_, nullptr); }
    pinned_bytes* get() const { return bytes_; }
    explicit operator bool() const { return bytes_ != nullptr; }

private:
    pinned_bytes* bytes_ = nullptr;
};

}  // namespace phantomdb::storage
