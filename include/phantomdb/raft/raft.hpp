/// @file Includes the Raft core whole, and says how a host drives it. Start reading here.
///
/// `raft_core` (`core.hpp`) is one node of a group that keeps a log in common. It decides; everything that touches the world is
/// the host's: threads, timers, sockets, files, and what entries mean. Calls must not overlap. Nothing is thrown on ordinary
/// ways, only where memory runs out; a broken invariant ends the process, because going on could lose what was acknowledged.
///
/// ## The loop
///
///     raft_core core(options, log, state, members, applied, random);
///     for (;;) {
///         on a timer                 core.tick();
///         on a message               core.step(std::move(message));
///         on a request               core.propose(bytes), core.read_index(context), ...
///         while (core.has_ready()) {
///             ready work = core.take_ready();
///             send(work.messages);                                                       // 1
///             log.write(work.state, work.image, work.entries); if (work.must_sync) sync  // 2
///             send(work.after_persist);                                                  // 3
///             apply(work.committed);   // core.apply(entry) for changes of the membership // 4
///             answer(work.reads);                                                        // 5
///             core.advance();
///         }
///     }
///
/// 1. These promise nothing of this node that is not stored, so a leader's followers write while it does.
/// 2. State, image and entries of one `ready` become durable together or not at all, at the latest before 3. An image takes
///    the place of the whole log; entries take the place of all from the index of the first of them on. Only a commit index
///    that moved may be stored later: then `must_sync` is false.
/// 3. Never before 2 is durable: votes and acknowledgements are among them.
/// 4. In order, each once: the applied index belongs into the same durable unit as what was applied. An image in 2 is applied
///    then, too, with its members and index. An empty command is a new leader's first entry.
/// 5. A read may be answered once everything up to its index is applied, from any node, and is linearizable.
///
/// ## Asynchronous writes
///
/// With `core_options::asynchronous_writes` 2 and 4 happen elsewhere, while the loop goes on. Each is a queue that is worked off
/// in order, one `ready` after another; `advance` is not called. When 2 is durable, `after_persist` is delivered (messages to this
/// node itself by `step`), and then `to_persist` comes back by `persisted`; when 4 is done, `to_apply` comes back by `applied`.
/// `core.apply` is called on the loop before `applied` is. Entries come to be applied only once they are stored here.
///
/// ## Starting
///
/// The first nodes of a group start from the same image, of an index above 0, with the first members in it. Who joins later
/// starts with an empty log and no members, and waits. After a crash a node starts with what it has stored: `state`, the log, and
/// the members as of `applied`. A node whose log is damaged or gone must not start under its id: it might vote against what it
/// has acknowledged. It is removed, and joins under a new one.
///
/// ## The wire
///
/// Messages may be lost, doubled, delayed, reordered. `report_unreachable` and `report_image` tell what became of them, sooner than
/// time does. `is_urgent` says which ones must not wait behind large ones. A group trusts its members and its transport to deliver
/// nothing but messages that members have sent.
#pragma once

#include <phantomdb/raft/core.hpp>
