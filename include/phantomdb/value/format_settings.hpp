/// @file Defines `format_settings`, what reading and printing values depends on besides their type.
#pragma once

#include <phantomdb/value/fixed_time_zone.hpp>

#include <cstdint>

namespace phantomdb {

/// Which of day, month and year comes first in dates such as 01/02/03.
enum class date_order : std::uint8_t { mdy, dmy, ymd };

/// How bytea prints.
enum class bytea_format : std::uint8_t { hex, escape };

/// The session's settings for text input and output. Dates always print in ISO style. Copy freely.
struct format_settings {
    time_zone const* zone = &utc_time_zone();
    time_zone_finder find_zone = &find_fixed_time_zone;  ///< for zones named in input
    std::int64_t now = 0;                                ///< start of the transaction, µs since 2000-01-01 UTC
    int extra_float_digits = 1;                          ///< above 0: shortest digits that read back the same
    bytea_format bytea_output = bytea_format::hex;
    date_order order = date_order::mdy;
};

}  // namespace phantomdb
