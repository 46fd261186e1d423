/// @file Defines the time zones that need no tables: UTC and fixed offsets.
#pragma once

#include <phantomdb/value/numeric_text.hpp>
#include <phantomdb/value/time_zone.hpp>

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb {

/// A zone with one offset for ever.
class fixed_time_zone final : public time_zone {
public:
    fixed_time_zone(std::string name, std::int32_t seconds_east)
        : name_(std::move(name)), seconds_east_(seconds_east) {}

    std::string_view name() const override { return name_; }
    zone_offset at_instant(std::int64_t) const override { return {seconds_east_, false, name_}; }
    std::int32_t seconds_east_at_local(std::int64_t) const override { return seconds_east_; }

private:
    std::string name_;
    std::int32_t seconds_east_;
};

inline time_zone const& utc_time_zone() {
    static fixed_time_zone const zone("UTC", 0);
    return zone;
}

/// The zone with this offset, named as PostgreSQL names it (`<+02>-02`).
inline time_zone const& fixed_offset_zone(std::int32_t seconds_east) {
    static std::mutex mutex;
    static std::map<std::int32_t, std::unique_ptr<fixed_time_zone>> zones;
    std::lock_guard lock(mutex);
    auto& zone = zones[seconds_east];
    if (!zone) {
        auto written = [](std::int32_t seconds) {
            std::int32_t size = seconds < 0 ? -seconds : seconds;
            char text[16];
            int length = std::snprintf(text, sizeof text, "%c%02d", seconds < 0 ? '-' : '+', size / 3600);
            std::string result(text, static_cast<std::size_t>(length));
            for (std::int32_t rest = size % 3600, unit = 60; rest != 0; rest %= unit, unit = 1) {
                length = std::snprintf(text, sizeof text, ":%02d", rest / unit);
                result.append(text, static_cast<std::size_t>(length));
            }
            return result;
        };
        zone =
            std::make_unique<fixed_time_zone>("<" + written(seconds_east) + ">" + written(-seconds_east), seconds_east);
    }
    return *zone;
}

namespace detail {

/// Reads `h`, `hh`, `hhmm`, `hh:mm` or `hh:mm:ss` as seconds; -1 where it is none of these.
constexpr std::int32_t read_offset(std::string_view text) {
    std::int32_t parts[3]{}, count = 0;
    std::size_t at = 0, first_length = 0;
    while (at < text.size() && count < 3) {
        std::size_t begin = at;
        while (at < text.size() && is_digit(text[at]) && at - begin < 6) {
            parts[count] = parts[count] * 10 + (text[at++] - '0');
        }
        if (at == begin) return -1;
        if (count == 0) first_length = at - begin;
        ++count;
        if (at < text.size() && text[at++] != ':') return -1;
    }
    if (count == 0 || at != text.size() || text.back() == ':') return -1;
    if (count == 1 && first_length > 2) {
        if (first_length > 4) {
            parts[2] = parts[0] % 100;
            parts[0] /= 100;
        }
        parts[1] = parts[0] % 100;
        parts[0] /= 100;
    }
    if (parts[1] > 59 || parts[2] > 59) return -1;
    return parts[0] * 3600 + parts[1] * 60 + parts[2];
}

/// The last instants an offset may have: fifteen hours and 59:59 either side of UTC.
inline constexpr std::int32_t max_offset_seconds = 16 * 3600 - 1;

}  // namespace detail

/// UTC under its names, and POSIX offsets (`+2`, `UTC-5`, `<+02>-2`), which count west of Greenwich.
inline time_zone const* find_fixed_time_zone(std::string_view name) {
    for (std::string_view utc : {"utc", "gmt", "z", "zulu", "universal", "etc/utc", "etc/gmt", "uct", "greenwich"}) {
        if (detail::is_word(name, utc)) return &utc_time_zone();
    }
    std::string_view rest = name;
    if (!rest.empty() && rest.front() == '<') {
        auto end = rest.find('>');
        if (end == std::string_view::npos) return nullptr;
        rest.remove_prefix(end + 1);
    } else {
        while (!rest.empty() && detail::to_lower(rest.front()) >= 'a' && detail::to_lower(rest.front()) <= 'z') {
            rest.remove_prefix(1);
        }
        if (rest.size() + 3 > name.size() && rest.size() != name.size())
            return nullptr;  // an abbreviation has three letters
    }
    if (rest.empty()) return nullptr;
    bool east = rest.front() == '-';
    if (rest.front() == '-' || rest.front() == '+') rest.remove_prefix(1);
    std::int32_t seconds = detail::read_offset(rest);
    if (seconds < 0 || seconds > detail::max_offset_seconds) return nullptr;
    return &fixed_offset_zone(east ? seconds : -seconds);
}

}  // namespace phantomdb
