/// @file Defines `encode_row`, which writes result rows as DataRow messages.
#pragma once

#include <phantomdb/server/message.hpp>
#include <phantomdb/server/reply.hpp>
#include <phantomdb/value/binary_io.hpp>
#include <phantomdb/value/text_io.hpp>

namespace phantomdb::server {

/// Writes row `row` of `block` behind what is in `replies`. `columns` and `formats` are the statement's (see `bind_message`).
/// One pass, no allocation beyond the buffer's growth. Writes nothing if it throws.
inline void encode_row(reply_buffer& replies, std::vector<sql::result_column> const& columns,
                       std::vector<std::int16_t> const& formats, format_settings const& settings,
                       sql::row_block const& block, std::size_t row) {
    auto const start = replies.begin('D');
    try {
        replies.int16(static_cast<int>(columns.size()));
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (block.nulls[i] && block.nulls[i][row]) {
                replies.int32(0xffffffffu);
                continue;
            }
            datum const cell = block.columns[i][row];
            auto const field = replies.open_field();
            if (bind_message::format_of(formats, i) == 1) append_binary(replies.target(), columns[i].type, cell);
            else append_text(replies.target(), columns[i].type, cell, settings);
            replies.close_field(field);
        }
    } catch (...) {
        replies.truncate(start);
        throw;
    }
    replies.end(start);
}

}  // namespace phantomdb::server
