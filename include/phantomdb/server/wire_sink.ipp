#pragma once

#include <phantomdb/server/wire_sink.hpp>

namespace phantomdb::server {

bool wire_sink::copy_in(std::string& piece) {
    piece.clear();
    while (!copy_in_ended_ && piece.empty()) {  // messages without data are allowed
        auto const message = channel_.next();
        if (!message)
            throw error(errc::connection_failure, "unexpected EOF on client connection with an open transaction");
        take_copy_message(*message, piece);
    }
    while (!copy_in_ended_ && piece.size() < copy_piece_bytes) {
        auto const message = channel_.next_at_hand();
        if (!message) break;
        take_copy_message(*message, piece);
    }
    if (!piece.empty()) return true;
    copy_in_ended_ = false;
    if (copy_in_failure_) throw error(*std::exchange(copy_in_failure_, std::nullopt));
    return false;
}

void wire_sink::take_copy_message(frame const& message, std::string& piece) {
    switch (message.type) {
        case frontend::copy_data: piece.append(message.body); return;
        case frontend::copy_done: break;
        case frontend::flush:
        case frontend::sync: return;  // sent ahead of time by clients of the extended protocol
        case frontend::copy_fail:
            copy_in_failure_ =
                error(errc::query_canceled, "COPY from stdin failed: " + std::string(read_text(message.body)));
            break;
        default: {
            constexpr char digits[] = "0123456789ABCDEF";
            auto const type = static_cast<unsigned char>(message.type);
            copy_in_failure_ =
                error(errc::protocol_violation, std::string("unexpected message type 0x") + digits[type >> 4] +
                                                    digits[type & 15] + " during COPY from stdin");
        }
    }
    copy_in_ended_ = true;
}

}  // namespace phantomdb::server
