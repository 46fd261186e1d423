/// @file Defines `time_zone`: what the rest needs to know about offsets from UTC.
///
/// The zones that need no tables are in `fixed_time_zone.hpp`. Named zones with their history (Europe/Oslo) come from the
/// system's tz database in `named_time_zone.hpp`, which is linked; everything that includes only headers does without.
#pragma once

#include <phantomdb/value/calendar.hpp>
#include <phantomdb/value/temporal.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace phantomdb {

/// A zone's state at an instant.
struct zone_offset {
    std::int32_t seconds_east = 0;
    bool is_daylight_saving = false;
    std::string abbreviation;
};

/// Offsets from UTC over time. Immutable and thread-safe; zones live until the process ends, so references never dangle.
class time_zone {
public:
    virtual ~time_zone() = default;

    virtual std::string_view name() const = 0;

    /// What holds at an instant (microseconds since 2000-01-01 UTC, finite).
    virtual zone_offset at_instant(std::int64_t utc_microseconds) const = 0;

    /// Seconds east of UTC at a local time. In the gap of a spring forward, as before it; where a fall back makes
    /// local time ambiguous, as after it. (PostgreSQL's choice.)
    virtual std::int32_t seconds_east_at_local(std::int64_t local_microseconds) const = 0;

    std::int32_t seconds_east_at_instant(std::int64_t utc_microseconds) const {
        return at_instant(utc_microseconds).seconds_east;
    }
};

/// Finds a zone by name, or nothing. Names ignore case.
using time_zone_finder = time_zone const* (*)(std::string_view name);

/// The instant at which clocks in the zone show this time. Infinities stay. Throws 22008 beyond the range.
inline std::int64_t instant_from_local(std::int64_t local_microseconds, time_zone const& zone) {
    if (!is_finite_timestamp(local_microseconds)) return local_microseconds;
    std::int64_t instant =
        local_microseconds - zone.seconds_east_at_local(local_microseconds) * microseconds_per_second;
    if (!is_valid_timestamp(instant)) throw_timestamp_out_of_range();
    return instant;
}

/// What clocks in the zone show at an instant. Infinities stay. Throws 22008 beyond the range.
inline std::int64_t local_from_instant(std::int64_t instant, time_zone const& zone) {
    if (!is_finite_timestamp(instant)) return instant;
    std::int64_t local = instant + zone.seconds_east_at_instant(instant) * microseconds_per_second;
    if (!is_valid_timestamp(local)) throw_timestamp_out_of_range();
    return local;
}

}  // namespace phantomdb
