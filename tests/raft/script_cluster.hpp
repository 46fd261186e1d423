/// @file The commands of scripts that drive a whole group of nodes and show every message.
#pragma once

#include "raft/script_file.hpp"
#include "raft/script_words.hpp"

#include <phantomdb/raft/raft.hpp>
#include <phantomdb/sim/random.hpp>

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace phantomdb::test {

/// A group of nodes, their stored logs, and the messages on their way. Nodes are numbered from 1 in the order of `add-nodes`.
/// With asynchronous writes each has an append thread and an apply thread: queues that a script works off step by step, and
/// whose acknowledgements travel like messages.
class cluster_script {
public:
    std::string run(script_case const& one) {
        output_.clear();
        if (!finish(handle(one.command, one.input))) return *failure_;
        if (one.command.name != "propose-conf-change") {
            // What would be input is more commands.
            for (std::string const& line : lines_of(one.input)) {
                if (!finish(handle(parse_command(line), ""))) return *failure_;
            }
        }
        return output_.empty() ? "ok" : output_;
    }

private:
    /// A node's stored log. The image it sends is always the newest state that was applied.
    struct stored_log : raft::memory_log {
        std::vector<raft::image_ref> history;
        raft::image_ref image() const { return history.back()->id.index == 0 ? nullptr : history.back(); }
    };
    using core = raft::raft_core<stored_log, sim::random_source>;

    /// Something on its way to a node, and how it is shown.
    struct parcel {
        raft::node_id to = 0;
        bool is_local = false;  // between a node and its threads, or itself: never dropped
        std::string kind, text;
        std::variant<raft::message, raft::persist_ticket, raft::apply_ticket> what;
    };
    struct append_work {
        raft::ready work;
        std::string text;
        std::vector<parcel> responses;
    };
    struct apply_work {
        std::vector<raft::entry> entries;
        std::string text;
        parcel response;
    };
    struct node {
        raft::node_id id = 0;
        raft::core_options options;
        stored_log log;
        raft::hard_state state;
        std::unique_ptr<core> raft;
        std::deque<append_work> to_append;
        std::deque<apply_work> to_apply;
    };

    enum class level { debug, info, warn, error, fatal, none };

    bool is_quiet() const { return level_ == level::none; }
    /// A failure is output like any other; where nothing is written, it is all there is.
    bool finish(std::string failure) {
        if (failure.empty()) return true;
        if (is_quiet()) return failure_ = std::move(failure), false;
        output_ += failure;
        return true;
    }
    void write(std::string_view text) {
        if (!is_quiet()) output_ += text;
    }
    template <class Do>
    void with_indent(Do const& act) {
        std::string outer = std::exchange(output_, {});
        act();
        output_ = std::move(outer) + indented(output_);
    }

    std::string handle(script_command const& c, std::string const& input) {
        if (c.name == "_breakpoint") return "";
        if (c.name == "log-level") return set_level(c.arguments.at(0).key);
        if (c.name == "add-nodes") return add_nodes(c);
        if (c.name == "deliver-msgs") return deliver(c);
        if (c.name == "stabilize") return stabilize(c);
        if (c.name == "raft-state") return show_states();
        if (c.name == "process-ready")
            return for_each_node(c, "handling Ready", [&](node& n) { return process_ready(n); });
        if (c.name == "process-append-thread") {
            return for_each_node(c, "processing append thread", [&](node& n) { return process_append(n); });
        }
        if (c.name == "process-apply-thread") {
            return for_each_node(c, "processing apply thread", [&](node& n) { return process_apply(n); });
        }
        if (c.name == "transfer-leadership") {
            std::uint64_t const to = std::stoull(c.values("to")->at(0));
            return watch(at(std::stoull(c.values("from")->at(0))), [&](core& raft) { raft.transfer_leadership(to); });
        }
        static constexpr std::string_view single[]{"campaign",
                                                   "compact",
                                                   "raft-log",
                                                   "status",
                                                   "tick-election",
                                                   "tick-heartbeat",
                                                   "tick",
                                                   "propose",
                                                   "forget-leader",
                                                   "send-snapshot",
                                                   "report-unreachable",
                                                   "set-randomized-election-timeout",
                                                   "read-index",
                                                   "propose-conf-change"};
        if (std::find(std::begin(single), std::end(single), c.name) == std::end(single)) return "unknown command";
        node& n = at(c.number(0));
        if (c.name == "campaign") return watch(n, [](core& raft) { raft.campaign(); });
        if (c.name == "tick-election") return tick(n, n.options.election_ticks);
        if (c.name == "tick-heartbeat") return tick(n, n.options.heartbeat_ticks);
        if (c.name == "tick") return tick(n, c.number(1));
        if (c.name == "forget-leader") return watch(n, [](core& raft) { raft.forget_leader(); });
        if (c.name == "raft-log") return show_log(n);
        if (c.name == "status") return write(words_for(n.raft->peers())), "";
        if (c.name == "send-snapshot") return send_image(n, c.number(1));
        if (c.name == "report-unreachable") return watch(n, [&](core& raft) { raft.report_unreachable(c.number(1)); });
        if (c.name == "set-randomized-election-timeout") {
            n.raft->set_election_timeout(static_cast<unsigned>(std::stoul(c.values("timeout")->at(0))));
            return "";
        }
        if (c.name == "compact") {
            if (c.number(1) < n.log.first_index()) return "requested index is unavailable due to compaction";
            n.log.compact(c.number(1));
            return show_log(n);
        }
        if (c.name == "read-index") return watch(n, [&](core& raft) { raft.read_index(c.arguments.at(1).key); });
        raft::outcome outcome{};
        if (c.name == "propose") {
            watch(n, [&](core& raft) { outcome = raft.propose(raft::payload(c.arguments.at(1).key)); });
        } else {
            std::string const error = propose_change(n, c, input, outcome);
            if (!error.empty()) return error;
        }
        return outcome == raft::outcome::dropped ? "raft proposal dropped" : "";
    }

    node& at(std::uint64_t id) {
        if (id == 0 || id > nodes_.size()) throw std::runtime_error("there is no node " + std::to_string(id));
        return *nodes_[id - 1];
    }

    template <class Do>
    std::string for_each_node(script_command const& c, std::string_view doing, Do const& act) {
        auto const ids = c.numbers();
        std::string error;
        for (std::uint64_t const id : ids) {
            node& n = at(id);
            if (ids.size() == 1) {
                error = act(n);
            } else {
                write("> " + std::to_string(id) + ' ' + std::string(doing) + '\n');
                with_indent([&] { error = act(n); });
            }
            if (!error.empty()) break;
        }
        return error;
    }

    /// Calls `act` on the core and writes the log lines of what it noticed.
    template <class Do>
    std::string watch(node& n, Do const& act) {
        std::array<std::uint64_t, raft::warnings> before{};
        for (std::size_t i = 0; i < raft::warnings; ++i) before[i] = n.raft->count(static_cast<raft::warning>(i));
        act(*n.raft);
        std::string const id = hexadecimal(n.id);
        for (std::size_t i = 0; i < raft::warnings; ++i) {
            for (; before[i] < n.raft->count(static_cast<raft::warning>(i)); ++before[i]) {
                switch (static_cast<raft::warning>(i)) {
                    case raft::warning::cannot_be_leader:
                        log(level::warn, id + " is unpromotable and can not campaign");
                        break;
                    case raft::warning::change_not_applied:
                        log(level::warn, id + " cannot campaign at term " + std::to_string(n.raft->term()) +
                                             " since there are still pending configuration changes to apply");
                        break;
                    case raft::warning::quorum_inactive:
                        log(level::warn, id + " stepped down to follower since quorum is not active");
                        break;
                    case raft::warning::too_much_uncommitted:
                        log(level::warn, id + " appending new entries to log would exceed uncommitted entry size limit;"
                                              " dropping proposal");
                        break;
                    case raft::warning::image_without_us:
                        log(level::warn, id + " attempted to restore snapshot but it is not in the ConfState;"
                                              " should never happen");
                        break;
                    case raft::warning::cannot_forget_by_lease:
                        log(level::error, "ignoring MsgForgetLeader due to ReadOnlyLeaseBased");
                        break;
                }
            }
        }
        return "";
    }
    void log(level l, std::string const& text) {
        if (l >= level_) write((l == level::warn ? "WARN " : "ERROR ") + text + '\n');
    }
    std::string set_level(std::string name) {
        for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        static constexpr std::string_view names[]{"DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"};
        for (std::size_t i = 0; i < std::size(names); ++i) {
            if (name == names[i]) return level_ = static_cast<level>(i), "";
        }
        return "log levels must be either of [DEBUG INFO WARN ERROR FATAL NONE]";
    }

    std::string add_nodes(script_command const& c) {
        raft::core_options options;
        options.election_ticks = 3;
        options.heartbeat_ticks = 1;
        options.pre_vote = options.check_quorum = options.step_down_on_removal = false;
        options.max_message_bytes = options.max_applying_bytes = raft::no_limit;
        options.max_inflight_messages = (std::size_t{1} << 31) - 1;
        raft::image start;
        for (script_argument const& argument : c.arguments) {
            for (std::string const& value : argument.values) {
                bool const yes = value == "true";
                if (argument.key == "voters") {
                    start.members.voters.incoming.voters.insert(std::stoull(value));
                } else if (argument.key == "learners") {
                    start.members.learners.insert(std::stoull(value));
                } else if (argument.key == "index") {
                    start.id.index = std::stoull(value);
                } else if (argument.key == "content") {
                    start.data = raft::payload(value);
                } else if (argument.key == "inflight") {
                    options.max_inflight_messages = std::stoull(value);
                } else if (argument.key == "async-storage-writes") {
                    options.asynchronous_writes = yes;
                } else if (argument.key == "prevote") {
                    options.pre_vote = yes;
                } else if (argument.key == "checkquorum") {
                    options.check_quorum = yes;
                } else if (argument.key == "step-down-on-removal") {
                    options.step_down_on_removal = yes;
                } else if (argument.key == "disable-conf-change-validation") {
                    options.validate_membership_changes = !yes;
                } else if (argument.key == "max-committed-size-per-ready") {
                    options.max_applying_bytes = std::stoull(value);
                } else if (argument.key == "read-only") {
                    if (value != "safe" && value != "lease-based") return "invalid read-only option \"" + value + '"';
                    options.reads = value == "safe" ? raft::read_mode::quorum : raft::read_mode::lease;
                } else {
                    return "unknown argument " + argument.key;
                }
            }
        }
        bool const has_start = start != raft::image{};
        if (has_start && start.id.index <= 1) return "index must be specified as > 1 due to bootstrap";
        if (has_start) start.id.term = 1;
        for (std::uint64_t count = c.number(0); count > 0; --count) {
            auto n = std::make_unique<node>();
            n->id = options.id = nodes_.size() + 1;
            n->options = options;
            auto const image = std::make_shared<raft::image const>(start);
            n->log.history.push_back(image);
            if (has_start) n->log.install(image);
            n->raft = std::make_unique<core>(options, n->log, n->state, start.members, start.id.index,
                                             sim::random_source(n->id));
            nodes_.push_back(std::move(n));
        }
        return "";
    }

    std::string propose_change(node& n, script_command const& c, std::string const& input, raft::outcome& outcome) {
        bool one_step = false;
        raft::membership_change change;
        for (script_argument const& argument : c.arguments) {
            for (std::string const& value : argument.values) {
                if (argument.key == "v1") {
                    one_step = value == "true";
                } else if (argument.key != "transition") {
                    return "unknown command " + argument.key;
                } else if (value == "implicit") {
                    change.how = raft::transition::joint_implicit;
                } else if (value == "explicit") {
                    change.how = raft::transition::joint_explicit;
                } else if (value != "auto") {
                    return "unknown transition " + value;
                }
            }
        }
        change.steps = parse_steps(input);
        if (one_step && (change.steps.size() != 1 || change.how != raft::transition::automatic)) {
            return "v1 conf change can only have one operation and no transition";
        }
        return watch(n, [&](core& raft) {
            outcome = one_step ? raft.propose_membership(change.steps[0]) : raft.propose_membership(change);
        });
    }

    std::string tick(node& n, std::uint64_t times) {
        for (; times > 0; --times) watch(n, [](core& raft) { raft.tick(); });
        return "";
    }

    // Ready

    static parcel parcel_of(raft::message m) {
        parcel made;
        made.to = m.to;
        made.is_local = m.from == m.to;
        made.kind = word_for(m.kind);
        made.text = words_for(m);
        made.what = std::move(m);
        return made;
    }

    std::string process_ready(node& n) {
        raft::ready work = n.raft->take_ready();
        std::string shown;
        std::vector<std::string> messages;
        std::optional<append_work> append;
        std::optional<apply_work> apply;
        for (raft::message const& m : work.messages) messages.push_back(words_for(m));
        if (n.options.asynchronous_writes) {
            if (work.persists()) append = append_work_of(n, work);
            if (!work.committed.empty()) apply = apply_work_of(n, work);
            if (append) messages.push_back(append->text + responses_text(append->responses));
            if (apply) messages.push_back(apply->text + responses_text({apply->response}));
        } else {
            for (raft::message const& m : work.after_persist) messages.push_back(words_for(m));
        }
        if (work.changed_role) {
            shown += "Lead:" + std::to_string(work.changed_role->leader) +
                     " State:" + std::string(word_for(work.changed_role->role)) + '\n';
        }
        if (work.state) shown += "HardState " + words_for(*work.state) + '\n';
        if (!work.reads.empty()) {
            shown += "ReadStates [";
            for (raft::confirmed_read const& read : work.reads) {
                if (shown.back() != '[') shown += ' ';
                shown += '{' + std::to_string(read.index) + " [";
                for (char const c : read.context.view()) {
                    if (shown.back() != '[') shown += ' ';
                    shown += std::to_string(static_cast<unsigned char>(c));
                }
                shown += "]}";
            }
            shown += "]\n";
        }
        if (!work.entries.empty()) shown += "Entries:\n" + words_for(work.entries);
        if (work.image) shown += "Snapshot " + words_for(*work.image) + '\n';
        if (!work.committed.empty()) shown += "CommittedEntries:\n" + words_for(work.committed);
        if (!messages.empty()) shown += "Messages:\n";
        for (std::string const& text : messages) shown += text + '\n';
        write(shown.empty() ? "<empty Ready>"
                            : std::string("Ready MustSync=") + (work.must_sync ? "true" : "false") + ":\n" + shown);

        for (raft::message& m : work.messages) in_flight_.push_back(parcel_of(std::move(m)));
        if (n.options.asynchronous_writes) {
            if (append) n.to_append.push_back(std::move(*append));
            if (apply) n.to_apply.push_back(std::move(*apply));
            return "";
        }
        std::string error = store(n, work);
        if (!error.empty()) return error;
        watch(n, [&](core&) { apply_entries(n, work.committed); });
        for (raft::message& m : work.after_persist) in_flight_.push_back(parcel_of(std::move(m)));
        return watch(n, [](core& raft) { raft.advance(); });
    }

    static std::string responses_text(std::vector<parcel> const& responses) {
        if (responses.empty()) return "";
        std::string text = " Responses:[\n";
        for (parcel const& response : responses) text += indented(response.text);
        return text + ']';
    }
    static append_work append_work_of(node const& n, raft::ready const& work) {
        append_work made;
        raft::hard_state const state = work.state.value_or(raft::hard_state{});
        made.text =
            hexadecimal(n.id) + "->AppendThread MsgStorageAppend Term:" + std::to_string(state.term) + " Log:0/0";
        if (state.commit != 0) made.text += " Commit:" + std::to_string(state.commit);
        if (state.vote != 0) made.text += " Vote:" + std::to_string(state.vote);
        made.text += tail_for(work.entries, work.image);
        for (raft::message const& m : work.after_persist) made.responses.push_back(parcel_of(m));
        if (work.to_persist) {
            raft::persist_ticket const& ticket = *work.to_persist;
            parcel response;
            response.to = n.id;
            response.is_local = true;
            response.kind = "MsgStorageAppendResp";
            response.text = "AppendThread->" + hexadecimal(n.id) +
                            " MsgStorageAppendResp Term:" + std::to_string(ticket.term) +
                            " Log:" + std::to_string(ticket.last.term) + '/' + std::to_string(ticket.last.index) +
                            tail_for({}, work.image);
            response.what = ticket;
            made.responses.push_back(std::move(response));
        }
        made.work.state = work.state;
        made.work.entries = work.entries;
        made.work.image = work.image;
        return made;
    }
    static apply_work apply_work_of(node const& n, raft::ready const& work) {
        apply_work made;
        std::string const id = hexadecimal(n.id), entries = tail_for(work.committed, nullptr);
        made.entries = work.committed;
        made.text = id + "->ApplyThread MsgStorageApply Term:0 Log:0/0" + entries;
        made.response.to = n.id;
        made.response.is_local = true;
        made.response.kind = "MsgStorageApplyResp";
        made.response.text = "ApplyThread->" + id + " MsgStorageApplyResp Term:0 Log:0/0" + entries;
        made.response.what = *work.to_apply;
        return made;
    }

    static std::string store(node& n, raft::ready const& work) {
        if (work.state) n.state = *work.state;
        if (work.image) {
            if (!work.entries.empty()) return "can't apply snapshot and entries at the same time";
            if (n.log.memory_log::image() && n.log.memory_log::image()->id.index >= work.image->id.index) {
                return "requested index is older than the existing snapshot";
            }
            n.log.install(work.image);
            n.log.history.push_back(work.image);
            return "";
        }
        n.log.append(work.entries);
        return "";
    }
    // The state is the bytes of all commands, one after the other.
    static void apply_entries(node& n, std::vector<raft::entry> const& entries) {
        for (raft::entry const& entry : entries) {
            raft::image next = *n.log.history.back();
            std::string data(next.data.view());
            if (entry.kind == raft::entry_kind::command) {
                data += entry.data.view();
            } else if (n.raft->apply(entry) == raft::membership_error::none) {
                data += raft::decode_membership_change(entry.data.view())->context;
                next.members = n.raft->members();
            } else {
                throw std::runtime_error("a membership change cannot be made");
            }
            next.data = raft::payload(data);
            next.id = entry.id();
            n.log.history.push_back(std::make_shared<raft::image const>(std::move(next)));
        }
    }

    void respond(std::vector<parcel> responses) {
        write("Responses:\n");
        for (parcel& response : responses) {
            write(response.text + '\n');
            in_flight_.push_back(std::move(response));
        }
    }
    std::string process_append(node& n) {
        if (n.to_append.empty()) return write("no append work to perform"), "";
        append_work work = std::move(n.to_append.front());
        n.to_append.pop_front();
        write("Processing:\n" + work.text + '\n');
        std::string const error = store(n, work.work);
        if (!error.empty()) return error;
        respond(std::move(work.responses));
        return "";
    }
    std::string process_apply(node& n) {
        if (n.to_apply.empty()) return write("no apply work to perform"), "";
        apply_work work = std::move(n.to_apply.front());
        n.to_apply.pop_front();
        write("Processing:\n" + work.text + '\n');
        watch(n, [&](core&) { apply_entries(n, work.entries); });
        respond({std::move(work.response)});
        return "";
    }

    // Messages

    std::vector<parcel> take_parcels(raft::node_id to, std::string_view kind, bool dropping) {
        std::vector<parcel> taken, rest;
        for (parcel& one : in_flight_) {
            bool const fits = one.to == to && !(dropping && one.is_local) && (kind.empty() || one.kind == kind);
            (fits ? taken : rest).push_back(std::move(one));
        }
        in_flight_ = std::move(rest);
        return taken;
    }
    std::size_t deliver_to(raft::node_id id, std::string_view kind, bool dropping) {
        auto parcels = take_parcels(id, kind, dropping);
        for (parcel& one : parcels) {
            write((dropping ? "dropped: " : "") + one.text + '\n');
            if (dropping) continue;
            raft::outcome outcome{};
            watch(at(id), [&](core& raft) {
                if (auto* m = std::get_if<raft::message>(&one.what)) {
                    outcome = raft.step(std::move(*m));
                } else if (auto* stored = std::get_if<raft::persist_ticket>(&one.what)) {
                    raft.persisted(*stored);
                } else {
                    raft.applied(std::get<raft::apply_ticket>(one.what));
                }
            });
            if (outcome == raft::outcome::unknown_sender) write("raft: cannot step as peer not found\n");
            if (outcome == raft::outcome::dropped) write("raft proposal dropped\n");
        }
        return parcels.size();
    }
    std::string deliver(script_command const& c) {
        std::string kind;
        if (auto const* kinds = c.values("type")) kind = kinds->at(0);
        std::size_t count = 0;
        for (script_argument const& argument : c.arguments) {
            if (argument.values.empty()) count += deliver_to(std::stoull(argument.key), kind, false);
            if (argument.key != "drop") continue;
            for (std::string const& value : argument.values) count += deliver_to(std::stoull(value), kind, true);
        }
        if (count == 0) write("no messages\n");
        return "";
    }
    std::string send_image(node& from, raft::node_id to) {
        raft::message m;
        m.kind = raft::message_kind::image;
        m.from = from.id;
        m.to = to;
        m.term = from.raft->term();
        m.image = from.log.history.back();
        in_flight_.push_back(parcel_of(m));
        write(in_flight_.back().text);
        return "";
    }

    std::string stabilize(script_command const& c) {
        level const before = level_;
        if (auto const* wanted = c.values("log-level")) {
            std::string const error = set_level(wanted->at(0));
            if (!error.empty()) return error;
        }
        std::vector<node*> chosen;
        for (std::uint64_t const id : c.numbers()) chosen.push_back(&at(id));
        if (chosen.empty()) {
            for (auto const& n : nodes_) chosen.push_back(n.get());
        }
        std::string error;
        bool done = false;
        while (!done && error.empty()) {
            done = true;
            auto const begin = [&](node const& n, std::string_view doing) {
                done = false;
                write("> " + std::to_string(n.id) + ' ' + std::string(doing) + '\n');
            };
            for (node* n : chosen) {
                if (!n->raft->has_ready() || !error.empty()) continue;
                begin(*n, "handling Ready");
                with_indent([&] { error = process_ready(*n); });
            }
            for (node* n : chosen) {
                bool const waits =
                    std::any_of(in_flight_.begin(), in_flight_.end(), [&](parcel const& p) { return p.to == n->id; });
                if (!waits || !error.empty()) continue;
                begin(*n, "receiving messages");
                with_indent([&] { deliver_to(n->id, "", false); });
            }
            for (node* n : chosen) {
                if (n->to_append.empty() || !error.empty()) continue;
                begin(*n, "processing append thread");
                while (!n->to_append.empty() && error.empty()) with_indent([&] { error = process_append(*n); });
            }
            for (node* n : chosen) {
                if (n->to_apply.empty() || !error.empty()) continue;
                begin(*n, "processing apply thread");
                while (!n->to_apply.empty() && error.empty()) with_indent([&] { error = process_apply(*n); });
            }
        }
        level_ = before;
        return error;
    }

    // Showing

    std::string show_states() {
        for (auto const& n : nodes_) {
            write(std::to_string(n->id) + ": " + std::string(word_for(n->raft->role())) +
                  (n->raft->members().voters.contains(n->id) ? " (Voter)" : " (Non-Voter)") +
                  " Term:" + std::to_string(n->raft->term()) + " Lead:" + std::to_string(n->raft->leader()) + '\n');
        }
        return "";
    }
    std::string show_log(node const& n) {
        raft::log_index const first = n.log.first_index(), last = n.log.last_index();
        if (last < first) {
            write("log is empty: first index=" + std::to_string(first) + ", last index=" + std::to_string(last));
        } else {
            write(words_for(n.log.entries(first, last + 1, raft::no_limit)));
        }
        return "";
    }

    std::vector<std::unique_ptr<node>> nodes_;
    std::vector<parcel> in_flight_;
    std::string output_;
    std::optional<std::string> failure_;
    level level_ = level::debug;
};

}  // namespace phantomdb::test
