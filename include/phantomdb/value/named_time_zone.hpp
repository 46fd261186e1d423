/// @file Defines how zones are found by name in the system's tz database. Linked with phantomdb::sql, not header-only.
#pragma once

#include <phantomdb/value/time_zone.hpp>

#include <string_view>

namespace phantomdb {

/// The zone of this name, ignoring case: a file of the tz database (Europe/Oslo), a POSIX rule
/// (`CET-1CEST,M3.5.0,M10.5.0/3`), or what `find_fixed_time_zone` knows; nothing where it is none of these.
/// The database is read from `$TZDIR` or /usr/share/zoneinfo, each file once. Thread-safe.
time_zone const* find_named_time_zone(std::string_view name);

}  // namespace phantomdb
