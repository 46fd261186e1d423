/// @file Defines `wire_sink`, which turns what a statement produces into protocol messages.
#pragma once

#include <phantomdb/server/row_encoder.hpp>
#include <phantomdb/server/transport.hpp>
#include <phantomdb/sql/session.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::server {

/// Names of settings with their values.
using setting_values = std::map<std::string, std::string, std::less<>>;

/// For one Query or Execute message. Rows go out while the statement runs, so a slow client slows the statement and
/// no result is ever whole in memory. Raises 08006 through the statement if the client is gone.
class wire_sink final : public sql::result_sink {
public:
    enum class protocol : std::uint8_t { simple, extended };

    /// `formats` are those of the portal. Settings that change are noted in `changed`. All outlive the sink.
    wire_sink(message_channel& channel, sql::session const& session, protocol how,
              std::vector<std::int16_t> const& formats, setting_values& changed)
        : channel_(channel), session_(session), how_(how), formats_(formats), changed_(changed) {}

    void begin_rows(std::vector<sql::result_column> const& columns) override {
        columns_ = &columns;
        if (how_ == protocol::simple) channel_.replies().row_description(columns, formats_);
    }

    bool rows(sql::row_block const& block) override {
        auto const& settings = session_.formats();
        for (std::size_t row = 0; row < block.rows; ++row) {
            channel_.flush_if_full();
            encode_row(channel_.replies(), *columns_, formats_, settings, block, row);
        }
        return true;
    }

    void complete(std::string_view command_tag) override {
        if (copying_out_) channel_.replies().copy_done();
        copying_out_ = false;
        if (command_tag.empty()) channel_.replies().empty_query();
        else channel_.replies().command_complete(command_tag);
        channel_.flush_if_full();
    }

    void on_notice(sql::notice const& said) override { channel_.replies().notice(said); }

    void parameter_changed(std::string_view name, std::string_view now) override { changed_[std::string(name)] = now; }

    void begin_copy_out(sql::copy_request const& request) override {
        channel_.replies().copy_start(request);
        copying_out_ = true;
    }

    void copy_out(std::string_view bytes) override {
        channel_.replies().copy_data(bytes);
        channel_.flush_if_full();
    }

    void begin_copy_in(sql::copy_request const& request) override {
        channel_.replies().copy_start(request);
        channel_.flush();
    }

    bool copy_in(std::string& piece) override;

private:
    /// Small pieces are joined up to this size before the statement gets them.
    static constexpr std::size_t copy_piece_bytes = std::size_t{64} << 10;

    /// Takes one message during COPY into `piece`, or notes that it ends the data.
    void take_copy_message(frame const& message, std::string& piece);

    message_channel& channel_;
    sql::session const& session_;
    protocol how_;
    std::vector<std::int16_t> const& formats_;
    setting_values& changed_;
    std::vector<sql::result_column> const* columns_ = nullptr;
    bool copying_out_ = false, copy_in_ended_ = false;
    std::optional<error> copy_in_failure_;  ///< told once the data before it is taken
};

}  // namespace phantomdb::server
