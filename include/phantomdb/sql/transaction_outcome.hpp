/// @file Defines what a client can learn of a transaction whose COMMIT was not answered. Private to the library.
///
///     begin; …; select phantom.transaction_id();  -- keep it
///     commit;                                     -- the connection breaks
///     select phantom.transaction_status('…');     -- on another one: committed, in progress, aborted, or null: too long ago
///
/// 1. Who asks for its id has a record written with the commit, under the id, and holds a lock on it until it ends.
/// 2. Where there is a record the transaction has committed. Where there is none and nobody holds the lock, it cannot commit any
///    more: this process leads and has applied everything before its epoch, and transactions of other epochs are refused.
/// 3. Ids begin with the time, so records that are old enough can be found and are erased by those who write new ones.
#pragma once

#include <phantomdb/schema/store_keys.hpp>
#include <phantomdb/sql/session_core.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phantomdb::sql {

/// Records live at least so long (µs); for half of it their absence says something, whatever clocks differ by.
inline constexpr std::int64_t outcome_lifetime = 24LL * 3600 * 1'000'000;

/// The id of the session's transaction, from the first time it is asked for. 25006 where it cannot write.
std::string transaction_id_of(session_core& session);
/// What became of a transaction. Nothing where that is not known any more; 22P02 for what is no id; 25006 and 57P03 on a node
/// that cannot say.
std::optional<std::string> transaction_status_of(session_core& session, std::string_view id);

}  // namespace phantomdb::sql
