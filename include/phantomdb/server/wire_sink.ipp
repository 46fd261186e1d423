#pragma once

#include <phantomdb/server/wire_sink.hpp>

namespace phantomdb::server {

bool wire_sink::copy_in(std::string& piece) {
    piece.clear();
    if (copy_in_ended_) return copy_in_ended_ = false;
    while (piece.empty()) {  // messages without data are allowed
        auto const message = channel_.next();
        if (!message)
            throw error(errc::connection_failure, "unexpected EOF on client connection with an open transaction");
        if (!take_copy_message(*message, piece)) return false;
    }
    while (piece.size() < copy_piece_bytes) {
        auto const message = channel_.next_at_hand();
        if (!message) return true;
        if (!take_copy_message(*message, piece)) return copy_in_ended_ = true;
    }
    return true;
}

bool wire_sink::take_copy_message(frame const& message, std::string& piece) {
    switch (message.type) {
        case frontend::copy_data: piece.append(message.body); return true;
        case frontend::copy_done: return false;
        case frontend::flush:
        case frontend::sync: return true;  // sent ahead of time by clients of the extended protocol
        case frontend::copy_fail:
            throw error(errc::query_canceled, "COPY from stdin failed: " + std::string(read_text(message.body)));
        default: {
            constexpr char digits[] = "0123456789ABCDEF";
            auto const type = static_cast<unsigned char>(message.type);
            throw error(errc::protocol_violation, std::string("unexpected message type 0x") + digits[type >> 4] +
                                                      digits[type & 15] + " during COPY from stdin");
        }
    }
}

}  // namespace phantomdb::server
