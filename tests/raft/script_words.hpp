/// @file The words in which scripts name messages, entries, roles, progress.
#pragma once

#include <phantomdb/raft/raft.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::test {

inline std::string hexadecimal(std::uint64_t number) {
    std::string text;
    do text.insert(text.begin(), "0123456789abcdef"[number % 16]);
    while ((number /= 16) != 0);
    return text;
}

inline std::string quoted(std::string_view bytes) {
    std::string text = "\"";
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            text += '\\';
            text += c;
        } else if (c == '\n') {
            text += "\\n";
        } else if (byte < 0x20 || byte >= 0x7f) {
            text += "\\x";
            text += "0123456789abcdef"[byte / 16];
            text += "0123456789abcdef"[byte % 16];
        } else {
            text += c;
        }
    }
    return text + '"';
}

inline std::string indented(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t const end = text.find('\n');
        out += "  ";
        out += text.substr(0, end);
        out += '\n';
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return out;
}

inline std::string_view word_for(raft::role role) {
    switch (role) {
        case raft::role::follower: return "StateFollower";
        case raft::role::pre_candidate: return "StatePreCandidate";
        case raft::role::candidate: return "StateCandidate";
        case raft::role::leader: return "StateLeader";
    }
    return "";
}

inline std::string_view word_for(raft::message_kind kind) {
    switch (kind) {
        case raft::message_kind::append: return "MsgApp";
        case raft::message_kind::append_reply: return "MsgAppResp";
        case raft::message_kind::heartbeat: return "MsgHeartbeat";
        case raft::message_kind::heartbeat_reply: return "MsgHeartbeatResp";
        case raft::message_kind::vote: return "MsgVote";
        case raft::message_kind::vote_reply: return "MsgVoteResp";
        case raft::message_kind::pre_vote: return "MsgPreVote";
        case raft::message_kind::pre_vote_reply: return "MsgPreVoteResp";
        case raft::message_kind::image: return "MsgSnap";
        case raft::message_kind::propose: return "MsgProp";
        case raft::message_kind::read_index: return "MsgReadIndex";
        case raft::message_kind::read_index_reply: return "MsgReadIndexResp";
        case raft::message_kind::transfer_leader: return "MsgTransferLeader";
        case raft::message_kind::timeout_now: return "MsgTimeoutNow";
    }
    return "";
}

inline std::string_view word_for(raft::vote_result result) {
    switch (result) {
        case raft::vote_result::pending: return "VotePending";
        case raft::vote_result::lost: return "VoteLost";
        case raft::vote_result::won: return "VoteWon";
    }
    return "";
}

/// As in `[1 2 3]`.
inline std::string listed(raft::node_set const& nodes) {
    std::string text = raft::describe(nodes);
    text.front() = '[';
    text.back() = ']';
    return text;
}

inline std::string words_for(raft::membership const& members) {
    return "Voters:" + listed(members.voters.incoming.voters) +
           " VotersOutgoing:" + listed(members.voters.outgoing.voters) + " Learners:" + listed(members.learners) +
           " LearnersNext:" + listed(members.learners_next) + " AutoLeave:" + (members.auto_leave ? "true" : "false");
}

inline std::string words_for(raft::image const& image) {
    return "Index:" + std::to_string(image.id.index) + " Term:" + std::to_string(image.id.term) +
           " ConfState:" + words_for(image.members);
}

inline std::string words_for(std::vector<raft::member_change> const& steps) {
    std::string text;
    for (raft::member_change const& step : steps) {
        if (!text.empty()) text += ' ';
        switch (step.kind) {
            case raft::change_kind::add_voter: text += 'v'; break;
            case raft::change_kind::remove: text += 'r'; break;
            case raft::change_kind::update: text += 'u'; break;
            case raft::change_kind::add_learner: text += 'l'; break;
        }
        text += std::to_string(step.node);
    }
    return text;
}

/// Reads what the above wrote, as in `v1 l2 r3 u4`.
inline std::vector<raft::member_change> parse_steps(std::string_view text) {
    std::vector<raft::member_change> steps;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
        if (text.empty()) return steps;
        std::string const token(text.substr(0, text.find_first_of(" \n")));
        text.remove_prefix(token.size());
        raft::member_change step;
        switch (token[0]) {
            case 'v': step.kind = raft::change_kind::add_voter; break;
            case 'l': step.kind = raft::change_kind::add_learner; break;
            case 'r': step.kind = raft::change_kind::remove; break;
            case 'u': step.kind = raft::change_kind::update; break;
            default: throw std::runtime_error("unknown input: " + token);
        }
        step.node = std::stoull(token.substr(1));
        steps.push_back(step);
    }
}

inline std::string words_for(raft::entry const& entry) {
    std::string text = std::to_string(entry.term) + '/' + std::to_string(entry.index);
    if (entry.kind == raft::entry_kind::command) return text + " EntryNormal " + quoted(entry.data.view());
    text += entry.kind == raft::entry_kind::member_change ? " EntryConfChange" : " EntryConfChangeV2";
    auto const change = raft::decode_membership_change(entry.data.view());
    std::string const steps = change ? words_for(change->steps) : "(not a change)";
    return steps.empty() ? text : text + ' ' + steps;
}

/// A line each.
inline std::string words_for(std::vector<raft::entry> const& entries) {
    std::string text;
    for (raft::entry const& entry : entries) text += words_for(entry) + '\n';
    return text;
}

/// How messages end that carry entries and images.
inline std::string tail_for(std::vector<raft::entry> const& entries, raft::image_ref const& image) {
    std::string text;
    if (entries.size() == 1) text += " Entries:[" + words_for(entries[0]) + ']';
    if (entries.size() > 1) {
        text += " Entries:[";
        for (raft::entry const& entry : entries) text += "\n  " + words_for(entry);
        text += "\n]";
    }
    if (image != nullptr) text += "\n  Snapshot: " + words_for(*image);
    return text;
}

inline std::string words_for(raft::message const& m) {
    std::string text = hexadecimal(m.from) + "->" + hexadecimal(m.to) + ' ';
    if (m.from == raft::nobody) text = "None->" + hexadecimal(m.to) + ' ';
    text += word_for(m.kind);
    text += " Term:" + std::to_string(m.term) + " Log:" + std::to_string(m.log_term) + '/' + std::to_string(m.index);
    if (m.rejected) text += " Rejected (Hint: " + std::to_string(m.hint) + ')';
    if (m.commit != 0) text += " Commit:" + std::to_string(m.commit);
    if (m.kind == raft::message_kind::read_index || m.kind == raft::message_kind::read_index_reply) {
        return text + tail_for({{0, 0, raft::entry_kind::command, m.context}}, nullptr);
    }
    return text + tail_for(m.entries, m.image);
}

inline std::string words_for(raft::hard_state const& state) {
    std::string text = "Term:" + std::to_string(state.term);
    if (state.vote != raft::nobody) text += " Vote:" + std::to_string(state.vote);
    return text + " Commit:" + std::to_string(state.commit);
}

inline std::string words_for(raft::progress const& p) {
    std::string text;
    switch (p.state) {
        case raft::progress_state::probe: text = "StateProbe"; break;
        case raft::progress_state::replicate: text = "StateReplicate"; break;
        case raft::progress_state::image: text = "StateSnapshot"; break;
    }
    text += " match=" + std::to_string(p.match) + " next=" + std::to_string(p.next);
    if (p.is_learner) text += " learner";
    if (p.is_paused()) text += " paused";
    if (p.pending_image > 0) text += " pendingSnap=" + std::to_string(p.pending_image);
    if (!p.recently_active) text += " inactive";
    if (p.flight.count() > 0) {
        text += " inflight=" + std::to_string(p.flight.count());
        if (p.flight.is_full()) text += "[full]";
    }
    return text;
}

/// A line each.
inline std::string words_for(raft::peer_table const& peers) {
    std::string text;
    for (raft::peer const& peer : peers) text += std::to_string(peer.node) + ": " + words_for(peer.state) + '\n';
    return text;
}

}  // namespace phantomdb::test
