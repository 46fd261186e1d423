/// @file Defines how what nodes of a group send each other is written by the archives of `codec/archive.hpp`.
///
/// Functions `serialize`, as Boost.Serialization asks, for the structs of the Raft core, which itself knows of no bytes. What is
/// read is checked here as far as it can be without a group: enumerators that exist, nodes in ascending order, no more of anything
/// than a group has. Each class carries a version; a field that is added raises it and is read `if (version >= n)`.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/archive.hpp>
#include <phantomdb/raft/message.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_CLASS_VERSION(phantomdb::raft::entry, 1)
BOOST_CLASS_VERSION(phantomdb::raft::membership, 1)
BOOST_CLASS_VERSION(phantomdb::raft::image, 1)
BOOST_CLASS_VERSION(phantomdb::raft::message, 1)

namespace phantomdb::raft {

/// More nodes than any group has: what says so is damaged or hostile.
inline constexpr std::size_t max_nodes_on_wire = 1024;

namespace wire {

/// Refuses what no sender can have meant. 08P01.
inline void require(bool holds, char const* otherwise) {
    if (!holds) throw error(errc::protocol_violation, "a message between nodes is not valid").with_detail(otherwise);
}

template <class Archive, class Enum>
void enumerator(Archive& archive, Enum& value, Enum last) {
    archive & value;
    if constexpr (Archive::is_loading::value) require(value <= last, "It has a kind that does not exist.");
}

}  // namespace wire

template <class Archive>
void serialize(Archive& archive, payload& bytes, unsigned) {
    if constexpr (Archive::is_saving::value) {
        std::string_view const view = bytes.view();
        archive & view;
    } else {
        std::string read;
        archive & read;
        bytes = payload(std::move(read));
    }
}

template <class Archive>
void serialize(Archive& archive, node_set& nodes, unsigned) {
    if constexpr (Archive::is_saving::value) {
        std::vector<node_id> const list(nodes.begin(), nodes.end());
        archive & list;
    } else {
        std::vector<node_id> list;
        archive & list;
        wire::require(list.size() <= max_nodes_on_wire, "It names more nodes than a group has.");
        nodes.clear();
        node_id before = nobody;
        for (node_id const node : list) {
            wire::require(node > before, "Its nodes are not in ascending order.");
            nodes.insert(before = node);
        }
    }
}

template <class Archive>
void serialize(Archive& archive, entry_id& id, unsigned) {
    archive & id.term & id.index;
}

template <class Archive>
void serialize(Archive& archive, entry& e, unsigned) {
    archive & e.term & e.index;
    wire::enumerator(archive, e.kind, entry_kind::membership_change);
    archive & e.data;
}

template <class Archive>
void serialize(Archive& archive, hard_state& state, unsigned) {
    archive & state.term & state.vote & state.commit;
}

template <class Archive>
void serialize(Archive& archive, membership& members, unsigned) {
    archive & members.voters.incoming.voters & members.voters.outgoing.voters;
    archive & members.learners & members.learners_next & members.auto_leave;
}

template <class Archive>
void serialize(Archive& archive, image& what, unsigned) {
    archive & what.id & what.members & what.data;
}

template <class Archive>
void serialize(Archive& archive, message& m, unsigned) {
    wire::enumerator(archive, m.kind, message_kind::timeout_now);
    archive & m.from & m.to & m.term & m.log_term & m.index & m.commit & m.hint & m.read_round & m.beat;
    archive & m.rejected & m.by_transfer & m.committed & m.entries & m.context;
    bool has_image = m.image != nullptr;
    archive & has_image;
    if (!has_image) return;
    if constexpr (Archive::is_saving::value) {
        archive&* m.image;
    } else {
        image read;
        archive & read;
        m.image = std::make_shared<image const>(std::move(read));
    }
}

}  // namespace phantomdb::raft
