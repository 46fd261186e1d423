// Reads zones from TZif files (RFC 8536): transitions as far as they are listed, behind them the POSIX rule at the end.
#include <phantomdb/value/fixed_time_zone.hpp>
#include <phantomdb/value/named_time_zone.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb {

namespace {

/// One end of daylight saving time within a year.
struct yearly_change {
    enum class day_kind : std::uint8_t { month_week_day, julian_without_leap, day_of_year } kind{};
    int month = 0, week = 0, day = 0;
    std::int32_t seconds = 7200;  // local time of day; may lie outside the day

    /// Local seconds since 2000-01-01.
    std::int64_t in(std::int64_t year) const {
        std::int64_t first = days_from_civil({year, 1, 1}), days = 0;
        switch (kind) {
            case day_kind::julian_without_leap:
                days = first + day - 1 + (is_leap_year(year) && day >= 60 ? 1 : 0);
                break;
            case day_kind::day_of_year: days = first + day; break;
            case day_kind::month_week_day: {
                std::int64_t month_begin = days_from_civil({year, month, 1});
                int offset = (day - day_of_week(month_begin) + 7) % 7 + (week - 1) * 7;
                while (offset >= days_in_month(year, month)) offset -= 7;
                days = month_begin + offset;
                break;
            }
        }
        return days * 86400 + seconds;
    }
};

/// A POSIX TZ rule, for instance `CET-1CEST,M3.5.0,M10.5.0/3`.
class posix_rule {
public:
    static std::optional<posix_rule> read(std::string_view text) {
        posix_rule rule;
        if (!rule.read_name(text, rule.standard_.abbreviation) || !read_seconds(text, rule.standard_.seconds_east)) {
            return std::nullopt;
        }
        rule.standard_.seconds_east = -rule.standard_.seconds_east;
        if (text.empty()) return rule;
        if (!rule.read_name(text, rule.daylight_.abbreviation)) return std::nullopt;
        rule.daylight_.is_daylight_saving = true;
        rule.daylight_.seconds_east = rule.standard_.seconds_east + 3600;
        if (!text.empty() && text.front() != ',') {
            if (!read_seconds(text, rule.daylight_.seconds_east)) return std::nullopt;
            rule.daylight_.seconds_east = -rule.daylight_.seconds_east;
        }
        if (!read_change(text, rule.begin_) || !read_change(text, rule.end_) || !text.empty()) return std::nullopt;
        rule.has_daylight_saving_ = true;
        return rule;
    }

    zone_offset at(std::int64_t utc_seconds) const {
        if (!has_daylight_saving_) return standard_;
        std::int64_t local_days = floor_divide(utc_seconds + standard_.seconds_east, 86400);
        std::int64_t year = civil_from_days(local_days).year;
        std::int64_t begin = begin_.in(year)-standard_.seconds_east, end = end_.in(year)-daylight_.seconds_east;
        bool daylight =
            begin < end ? utc_seconds >= begin && utc_seconds < end : utc_seconds >= begin || utc_seconds < end;
        return daylight ? daylight_ : standard_;
    }

private:
    static bool read_name(std::string_view& text, std::string& name) {
        bool quoted = text.starts_with('<');
        if (quoted) text.remove_prefix(1);
        std::size_t size = 0;
        while (size < text.size() &&
               (std::isalpha(static_cast<unsigned char>(text[size])) || (quoted && text[size] != '>')))
            ++size;
        name = text.substr(0, size);
        text.remove_prefix(size);
        if (quoted) {
            if (text.empty()) return false;
            text.remove_prefix(1);
        }
        return size >= 3;
    }

    static bool read_number(std::string_view& text, int& number) {
        std::size_t size = 0;
        number = 0;
        while (size < text.size() && size < 4 && detail::is_digit(text[size]))
            number = number * 10 + (text[size++] - '0');
        text.remove_prefix(size);
        return size > 0;
    }

    static bool read_seconds(std::string_view& text, std::int32_t& seconds) {
        bool negative = text.starts_with('-');
        if (negative || text.starts_with('+')) text.remove_prefix(1);
        int part = 0;
        if (!read_number(text, part) || part > 167) return false;
        seconds = part * 3600;
        for (int unit : {60, 1}) {
            if (!text.starts_with(':')) break;
            text.remove_prefix(1);
            if (!read_number(text, part) || part > 59) return false;
            seconds += part * unit;
        }
        if (negative) seconds = -seconds;
        return true;
    }

    static bool read_change(std::string_view& text, yearly_change& change) {
        using kind = yearly_change::day_kind;
        if (!text.starts_with(',')) return false;
        text.remove_prefix(1);
        change.kind = text.starts_with('M')   ? kind::month_week_day
                      : text.starts_with('J') ? kind::julian_without_leap
                                              : kind::day_of_year;
        if (change.kind != kind::day_of_year) text.remove_prefix(1);
        if (change.kind == kind::month_week_day) {
            for (int* part : {&change.month, &change.week}) {
                if (!read_number(text, *part) || !text.starts_with('.')) return false;
                text.remove_prefix(1);
            }
            if (change.month < 1 || change.month > 12 || change.week < 1 || change.week > 5) return false;
        }
        if (!read_number(text, change.day) || change.day > 366) return false;
        if (!text.starts_with('/')) return true;
        text.remove_prefix(1);
        return read_seconds(text, change.seconds);
    }

    zone_offset standard_, daylight_;
    yearly_change begin_, end_;
    bool has_daylight_saving_ = false;
};

/// A zone with its history.
class named_time_zone final : public time_zone {
public:
    struct transition {
        std::int64_t at;  // seconds since 2000-01-01 UTC
        std::size_t state;
    };

    named_time_zone(std::string name, std::vector<transition> transitions, std::vector<zone_offset> states,
                    std::optional<posix_rule> rule)
        : name_(std::move(name)),
          transitions_(std::move(transitions)),
          states_(std::move(states)),
          rule_(std::move(rule)) {}

    std::string_view name() const override { return name_; }

    zone_offset at_instant(std::int64_t utc_microseconds) const override {
        std::int64_t seconds = floor_divide(utc_microseconds, microseconds_per_second);
        if (rule_ && (transitions_.empty() || seconds >= transitions_.back().at)) return rule_->at(seconds);
        auto later = std::upper_bound(transitions_.begin(), transitions_.end(), seconds,
                                      [](std::int64_t wanted, transition const& t) { return wanted < t.at; });
        return later == transitions_.begin() ? states_.front() : states_[std::prev(later)->state];
    }

    std::int32_t seconds_east_at_local(std::int64_t local) const override {
        std::int32_t before = seconds_east_at_instant(local - microseconds_per_day);
        std::int32_t after = seconds_east_at_instant(local + microseconds_per_day);
        if (before == after) return before;
        bool before_holds = seconds_east_at_instant(local - before * microseconds_per_second) == before;
        bool after_holds = seconds_east_at_instant(local - after * microseconds_per_second) == after;
        if (before_holds != after_holds) return before_holds ? before : after;
        return before_holds ? after : before;  // ambiguous: after; in a gap: before
    }

private:
    std::string name_;
    std::vector<transition> transitions_;
    std::vector<zone_offset> states_;  // the first one holds before all transitions
    std::optional<posix_rule> rule_;
};

/// Takes a TZif file apart; nothing where it is damaged.
std::unique_ptr<time_zone> read_zone_file(std::string name, std::string_view bytes) {
    auto big_endian = [&](std::size_t at, std::size_t width) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
        return value;
    };
    struct counts {
        std::size_t utc, standard, leaps, transitions, states, characters;
        std::size_t size(std::size_t width) const {
            return transitions * (width + 1) + states * 6 + characters + leaps * (width + 4) + standard + utc;
        }
    };
    constexpr std::size_t header_size = 44;
    auto header = [&](std::size_t at) -> std::optional<counts> {
        if (bytes.size() < at + header_size || bytes.substr(at, 4) != "TZif") return std::nullopt;
        counts c{};
        std::size_t field = at + 20;
        for (auto* count : {&c.utc, &c.standard, &c.leaps, &c.transitions, &c.states, &c.characters}) {
            *count = big_endian(field, 4);
            if (*count > bytes.size()) return std::nullopt;
            field += 4;
        }
        return c;
    };
    auto first = header(0);
    if (!first || bytes[4] < '2') return nullptr;
    std::size_t second_at = header_size + first->size(4);
    auto second = header(second_at);
    if (!second || second->states == 0) return nullptr;
    std::size_t at = second_at + header_size;
    std::size_t end = at + second->size(8);
    if (end > bytes.size()) return nullptr;
    std::size_t indices = at + second->transitions * 8, states_at = indices + second->transitions;
    std::size_t names_at = states_at + second->states * 6;

    std::vector<named_time_zone::transition> transitions;
    for (std::size_t i = 0; i < second->transitions; ++i) {
        auto instant = static_cast<std::int64_t>(big_endian(at + i * 8, 8)) + unix_epoch_days * 86400;
        auto state = static_cast<unsigned char>(bytes[indices + i]);
        if (state >= second->states) return nullptr;
        transitions.push_back({instant, state});
    }
    std::vector<zone_offset> states;
    for (std::size_t i = 0; i < second->states; ++i) {
        std::size_t entry = states_at + i * 6;
        auto names = bytes.substr(names_at, second->characters);
        auto abbreviation =
            names.substr(std::min<std::size_t>(static_cast<unsigned char>(bytes[entry + 5]), names.size()));
        states.push_back({static_cast<std::int32_t>(big_endian(entry, 4)), bytes[entry + 4] != 0,
                          std::string(abbreviation.substr(0, abbreviation.find('\0')))});
    }
    auto footer = bytes.substr(end);
    std::optional<posix_rule> rule;
    if (footer.size() > 2) rule = posix_rule::read(footer.substr(1, footer.find('\n', 1) - 1));
    return std::make_unique<named_time_zone>(std::move(name), std::move(transitions), std::move(states),
                                             std::move(rule));
}

/// The file of this name below the database's folder, ignoring case, with the name as the database spells it.
std::optional<std::pair<std::filesystem::path, std::string>> find_zone_file(std::string_view name) {
    namespace fs = std::filesystem;
    auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' || c == '+';
    };
    if (name.empty() || name.size() > 100 || !std::all_of(name.begin(), name.end(), fits)) return std::nullopt;
    char const* chosen = std::getenv("TZDIR");
    fs::path folder = chosen ? chosen : "/usr/share/zoneinfo";
    std::string spelled;
    while (!name.empty()) {
        auto part = name.substr(0, name.find('/'));
        name.remove_prefix(std::min(name.size(), part.size() + 1));
        if (part.empty()) return std::nullopt;
        std::error_code fault;
        fs::path found;
        for (fs::directory_iterator entry(folder, fault), end; !fault && entry != end; entry.increment(fault)) {
            std::string candidate = entry->path().filename().string();
            if (std::equal(candidate.begin(), candidate.end(), part.begin(), part.end(),
                           [](char a, char b) { return detail::to_lower(a) == detail::to_lower(b); })) {
                found = entry->path();
                if (candidate == part) break;
            }
        }
        if (found.empty()) return std::nullopt;
        folder = found;
        spelled += (spelled.empty() ? "" : "/") + found.filename().string();
    }
    std::error_code fault;
    if (!fs::is_regular_file(folder, fault)) return std::nullopt;
    return std::pair(folder, spelled);
}

std::unique_ptr<time_zone> load_zone(std::string_view name) {
    if (auto file = find_zone_file(name)) {
        std::ifstream in(file->first, std::ios::binary);
        std::string bytes(std::istreambuf_iterator<char>(in), {});
        if (auto zone = read_zone_file(file->second, bytes)) return zone;
    }
    if (name.find(',') == std::string_view::npos) return nullptr;
    auto rule = posix_rule::read(name);
    if (!rule) return nullptr;
    return std::make_unique<named_time_zone>(std::string(name), std::vector<named_time_zone::transition>{},
                                             std::vector<zone_offset>{}, std::move(rule));
}

}  // namespace

time_zone const* find_named_time_zone(std::string_view name) {
    if (detail::is_word(name, "utc")) return &utc_time_zone();
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<time_zone>> zones;  // by the name in lower case
    std::string key(name);
    for (char& c : key) c = detail::to_lower(c);
    std::lock_guard lock(mutex);
    auto known = zones.find(key);
    if (known != zones.end()) return known->second.get();
    if (auto loaded = load_zone(name)) return zones.emplace(std::move(key), std::move(loaded)).first->second.get();
    return find_fixed_time_zone(name);
}

}  // namespace phantomdb
