/// @file Defines `frame`: all that travels between nodes, and its bytes.
///
///     u8 'P' · u8 format · u8 kind · u8 0 · u32 bytes of the payload · u32 CRC32C of the eight bytes before and the payload
///     payload: the struct, as `codec/archive.hpp` writes it
///
/// The head is judged before anything of the payload is read or room is made for it: each kind has a longest payload. Bytes that
/// are not a frame are answered with an `error` and nothing else: data_corrupted (a checksum, an archive), protocol_violation (no
/// frame, or one that nobody can have meant), program_limit_exceeded (too long), feature_not_supported (of a newer PhantomDB).
#pragma once

#include <phantomdb/base/assert.hpp>
#include <phantomdb/base/error.hpp>
#include <phantomdb/cluster/raft_archive.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/raft/message.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace phantomdb::cluster {

using raft::node_id;

/// Which of the two connections to a peer: `raft::is_urgent` messages must not wait behind large ones.
enum class lane : std::uint8_t { urgent, bulk };

/// The first frame of who opens a connection. To nobody: to find out who is at an address.
struct hello {
    std::string cluster;  ///< groups that share a name share everything else
    node_id from = raft::nobody;
    node_id to = raft::nobody;
    lane use = lane::urgent;
    std::uint64_t process = 0;          ///< differs with every start: two processes must not be one node at a time
    std::string address;                ///< where others reach the sender, `host:port`; empty: they know
    std::uint32_t oldest_protocol = 0;  ///< what the sender can speak, from here
    std::uint32_t newest_protocol = 0;  ///< to here
    std::string clients{};              ///< where its clients reach it
    std::uint64_t data = 0;             ///< names what it has stored: it changes when a node has lost its files

    bool joins = false;  ///< it has nothing yet, and wants to be taken into the group

    friend bool operator==(hello const&, hello const&) = default;
};

/// What is wrong with a `hello`.
enum class refusal : std::uint8_t {
    none,            ///< welcome
    wrong_cluster,   ///< these are other groups
    wrong_node,      ///< somebody else answers at this address
    same_node,       ///< the sender claims to be who it calls
    duplicate_node,  ///< another process is connected as this node
    wrong_identity,  ///< the certificate is another node's
    removed_node,    ///< no member any more
    wrong_protocol,  ///< no version that both speak
    other_data,      ///< it is a node that has lost what it had stored, and with that what it has promised
};

/// The answer to a `hello`. After a refusal the connection is closed.
struct hello_reply {
    refusal why = refusal::none;
    std::uint32_t protocol = 0;                            ///< to be spoken from now on
    std::string message;                                   ///< for the log
    node_id node = raft::nobody;                           ///< who answers one that was for nobody
    std::vector<std::pair<node_id, std::string>> peers{};  ///< and whom it knows, with their addresses

    friend bool operator==(hello_reply const&, hello_reply const&) = default;
};

/// Asks whether the other side is still there; comes back as `pong`.
struct ping {
    std::uint64_t number = 0;

    friend bool operator==(ping const&, ping const&) = default;
};
struct pong {
    std::uint64_t number = 0;

    friend bool operator==(pong const&, pong const&) = default;
};

/// Some bytes of an image on their way to a node that is too far behind. With all of them it has what a `raft::message_kind::image`
/// of `term` wants: the image `id`, `members` and the whole state.
struct image_piece {
    node_id from = raft::nobody;
    node_id to = raft::nobody;
    raft::term_number term = 0;
    raft::entry_id id;
    raft::membership members;
    std::uint64_t offset = 0;  ///< of `bytes` in the whole
    std::uint64_t total = 0;   ///< bytes of the whole; 0 where the sender does not know it before the last piece
    std::uint32_t crc32c = 0;  ///< of the whole up to the end of this piece
    std::string bytes;
    bool last = false;

    friend bool operator==(image_piece const&, image_piece const&) = default;
};

/// How far an image has come.
struct image_piece_reply {
    node_id from = raft::nobody;
    node_id to = raft::nobody;
    raft::entry_id id;
    std::uint64_t next_offset = 0;  ///< everything before it is there
    bool refused = false;           ///< the image is not wanted, or what came of it is damaged: `message` says why
    bool installed = false;
    std::string message;

    friend bool operator==(image_piece_reply const&, image_piece_reply const&) = default;
};

using frame = std::variant<hello, hello_reply, ping, pong, raft::message, image_piece, image_piece_reply>;

/// In the order of `frame`'s alternatives. Numbers are for ever; new ones come at the end.
enum class frame_kind : std::uint8_t { hello, hello_reply, ping, pong, message, image_piece, image_piece_reply };

inline constexpr unsigned frame_format = 1;
inline constexpr std::size_t frame_head_bytes = 12;
inline constexpr std::uint32_t protocol_version = 1, oldest_protocol_version = 1;

/// The longest payloads that are written and read.
struct frame_limits {
    std::uint32_t message_bytes = 1u << 30;  ///< an entry is a write batch, and travels whole
    std::uint32_t piece_bytes = 4u << 20;
    static constexpr std::uint32_t small_bytes = 16u << 10;

    constexpr std::uint32_t of(frame_kind kind) const {
        if (kind == frame_kind::message) return message_bytes;
        return kind == frame_kind::image_piece ? piece_bytes : small_bytes;
    }
};

template <class Archive>
void serialize(Archive& archive, hello& h, unsigned) {
    archive & h.cluster & h.from & h.to;
    raft::wire::enumerator(archive, h.use, lane::bulk);
    archive & h.process & h.address & h.oldest_protocol & h.newest_protocol & h.clients & h.data & h.joins;
}
template <class Archive>
void serialize(Archive& archive, hello_reply& reply, unsigned) {
    raft::wire::enumerator(archive, reply.why, refusal::other_data);
    archive & reply.protocol & reply.message & reply.node & reply.peers;
    if constexpr (Archive::is_loading::value)
        raft::wire::require(reply.peers.size() <= raft::max_nodes_on_wire, "It knows too many nodes.");
}
template <class Archive>
void serialize(Archive& archive, ping& p, unsigned) {
    archive & p.number;
}
template <class Archive>
void serialize(Archive& archive, pong& p, unsigned) {
    archive & p.number;
}
template <class Archive>
void serialize(Archive& archive, image_piece& piece, unsigned) {
    archive & piece.from & piece.to & piece.term & piece.id & piece.members;
    archive & piece.offset & piece.total & piece.crc32c & piece.last & piece.bytes;
    if constexpr (Archive::is_loading::value) {
        raft::wire::require(piece.bytes.size() <= std::numeric_limits<std::uint64_t>::max() - piece.offset &&
                                (piece.total == 0 || piece.offset + piece.bytes.size() <= piece.total),
                            "A piece of an image lies outside of it.");
        raft::wire::require(!piece.last || piece.offset + piece.bytes.size() == piece.total,
                            "The last piece of an image does not end it.");
    }
}
template <class Archive>
void serialize(Archive& archive, image_piece_reply& reply, unsigned) {
    archive & reply.from & reply.to & reply.id & reply.next_offset & reply.refused & reply.installed & reply.message;
}

namespace detail {

template <class T, std::size_t I = 0>
constexpr frame_kind kind_of() {
    if constexpr (std::is_same_v<T, std::variant_alternative_t<I, frame>>) {
        return static_cast<frame_kind>(I);
    } else {
        return kind_of<T, I + 1>();
    }
}

inline std::uint32_t frame_checksum(char const* head, std::string_view payload) {
    return codec::crc32c(payload, codec::crc32c({head, 8}));
}

}  // namespace detail

/// Appends the frame of `value`, one of the alternatives of `frame`. 54000, with `out` as before, where it is longer than `limits`
/// allow.
template <class T>
void append_frame(std::string& out, T const& value, frame_limits const& limits = {}) {
    std::size_t const head = out.size();
    out.append(frame_head_bytes, '\0');
    codec::pack_archive(out) << value;
    std::size_t const bytes = out.size() - head - frame_head_bytes;
    constexpr frame_kind kind = detail::kind_of<T>();
    if (bytes > limits.of(kind)) {
        out.resize(head);
        throw error(errc::program_limit_exceeded, "a message to another node is too large")
            .with_detail("It has " + std::to_string(bytes) + " bytes; the limit is " + std::to_string(limits.of(kind)) +
                         ".");
    }
    out[head] = 'P';
    out[head + 1] = static_cast<char>(frame_format);
    out[head + 2] = static_cast<char>(kind);
    codec::store_fixed(&out[head + 4], static_cast<std::uint32_t>(bytes));
    codec::store_fixed(&out[head + 8],
                       detail::frame_checksum(&out[head], std::string_view(out).substr(head + frame_head_bytes)));
}

struct frame_head {
    frame_kind kind = frame_kind::hello;
    std::uint32_t payload_bytes = 0;
};

/// Judges the first `frame_head_bytes` of a frame.
inline frame_head read_frame_head(std::string_view bytes, frame_limits const& limits = {}) {
    PHANTOMDB_ASSERT(bytes.size() >= frame_head_bytes);
    raft::wire::require(bytes[0] == 'P' && bytes[3] == 0, "These bytes are no frame.");
    auto const format = static_cast<unsigned char>(bytes[1]), kind = static_cast<unsigned char>(bytes[2]);
    if (format != frame_format) {
        throw error(errc::feature_not_supported, "a message between nodes has a format that is not known here")
            .with_detail("Its format is " + std::to_string(format) + "; this version reads " +
                         std::to_string(frame_format) + ".");
    }
    raft::wire::require(kind < std::variant_size_v<frame>, "It has a kind that does not exist.");
    frame_head const head{static_cast<frame_kind>(kind), codec::load_fixed<std::uint32_t>(bytes.data() + 4)};
    if (head.payload_bytes > limits.of(head.kind)) {
        throw error(errc::program_limit_exceeded, "a message from another node is too large")
            .with_detail("It has " + std::to_string(head.payload_bytes) + " bytes; the limit is " +
                         std::to_string(limits.of(head.kind)) + ".");
    }
    return head;
}

namespace detail {

template <std::size_t I = 0>
frame unpack_frame(frame_kind kind, std::string_view payload) {
    if constexpr (I < std::variant_size_v<frame>) {
        if (static_cast<std::size_t>(kind) != I) return unpack_frame<I + 1>(kind, payload);
        frame made(std::in_place_index<I>);
        codec::unpack_archive archive(payload);
        archive >> std::get<I>(made);
        raft::wire::require(archive.at_end(), "It is longer than it should be.");
        return made;
    } else {
        bug("the kind of a frame exists", __FILE__, __LINE__);
    }
}

}  // namespace detail

/// Reads a whole frame, whose head `read_frame_head` has judged.
inline frame read_frame(std::string_view whole) {
    std::string_view const payload = whole.substr(frame_head_bytes);
    if (detail::frame_checksum(whole.data(), payload) != codec::load_fixed<std::uint32_t>(whole.data() + 8)) {
        throw error(errc::data_corrupted, "a message between nodes is damaged")
            .with_detail("Its checksum does not match.");
    }
    return detail::unpack_frame(static_cast<frame_kind>(whole[2]), payload);
}

/// Takes a frame off the front of `in`; nothing, with `in` unchanged, where it is not all there yet.
inline std::optional<frame> take_frame(std::string_view& in, frame_limits const& limits = {}) {
    if (in.size() < frame_head_bytes) return std::nullopt;
    std::size_t const whole = frame_head_bytes + read_frame_head(in, limits).payload_bytes;
    if (in.size() < whole) return std::nullopt;
    frame made = read_frame(in.substr(0, whole));
    in.remove_prefix(whole);
    return made;
}

}  // namespace phantomdb::cluster
