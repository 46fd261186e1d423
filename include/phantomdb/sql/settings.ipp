#include <phantomdb/sql/access_methods.hpp>
#include <phantomdb/sql/setting_table.hpp>
#include <phantomdb/sql/settings.hpp>
#include <phantomdb/value/named_time_zone.hpp>

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>

#include <charconv>
#include <cmath>

namespace phantomdb::sql {

namespace {

using boost::algorithm::iequals;

std::string lower(std::string_view text) { return boost::algorithm::to_lower_copy(std::string(text)); }

struct unit_factor {
    std::string_view name;
    double in_base;  // milliseconds for times, kilobytes for memory
};
constexpr unit_factor time_units[] = {{"us", 0.001},   {"ms", 1},        {"s", 1000},
                                      {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr unit_factor memory_units[] = {{"B", 1.0 / 1024}, {"kB", 1},          {"MB", 1024},
                                        {"GB", 1048576},   {"TB", 1073741824}, {"8kB", 8}};

bool is_time(std::string_view unit) { return unit == "ms" || unit == "s" || unit == "min"; }

double factor_of(std::string_view unit, std::string_view wanted) {
    auto search = [&](auto const& table) {
        for (auto const& u : table) {
            if (u.name == wanted) return u.in_base;
        }
        return 0.0;
    };
    return is_time(unit) ? search(time_units) : search(memory_units);
}

error invalid_value(setting_definition const& definition, std::string_view text) {
    return error(errc::invalid_parameter_value,
                 "invalid value for parameter \"" + std::string(definition.name) + "\": \"" + std::string(text) + "\"");
}
[[noreturn]] void throw_invalid(setting_definition const& definition, std::string_view text) {
    throw invalid_value(definition, text);
}

std::string canonical_table_method(setting_definition const& definition, std::string_view text) {
    if (text.empty()) {
        throw invalid_value(definition, text).with_detail(std::string(definition.name) + " cannot be empty.");
    }
    if (!find_table_method(text)) {
        throw invalid_value(definition, text)
            .with_detail("Table access method \"" + std::string(text) + "\" does not exist.");
    }
    return std::string(text);
}

std::string canonical_integer(setting_definition const& definition, std::string_view text) {
    std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) throw_invalid(definition, text);
    std::string_view rest = text.substr(begin);
    double number = 0;
    auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (problem != std::errc{}) throw_invalid(definition, text);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
    if (!rest.empty()) {
        double from = definition.unit.empty() ? 0 : factor_of(definition.unit, rest);
        if (from == 0 && !definition.unit.empty()) {
            throw invalid_value(definition, text)
                .with_hint(is_time(definition.unit)
                               ? "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"."
                               : "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\".");
        }
        if (from == 0) throw_invalid(definition, text);
        number = number * from / factor_of(definition.unit, definition.unit);
    }
    number = std::nearbyint(number);
    if (!(std::abs(number) < 9.2e18)) throw invalid_value(definition, text).with_hint("Value exceeds integer range.");
    if (definition.is_bounded() && std::abs(number) > 2147483647.0 && definition.maximum <= INT32_MAX) {
        throw invalid_value(definition, text).with_hint("Value exceeds integer range.");
    }
    if (!definition.is_bounded()) return std::to_string(static_cast<std::int64_t>(number));
    if (number < static_cast<double>(definition.minimum) || number > static_cast<double>(definition.maximum)) {
        std::string unit = definition.unit.empty() ? "" : " " + std::string(definition.unit);
        auto value = static_cast<std::int64_t>(number);
        throw error(errc::invalid_parameter_value,
                    std::to_string(value) + unit + " is outside the valid range for parameter \"" +
                        std::string(definition.name) + "\" (" + std::to_string(definition.minimum) + " .. " +
                        std::to_string(definition.maximum) + ")");
    }
    return std::to_string(static_cast<std::int64_t>(number));
}

// DateStyle keeps its two halves apart: "ISO", and the order of the fields.
std::string canonical_date_style(setting_definition const& definition, std::string_view text,
                                 std::string const& before) {
    std::string order = before.size() > 5 ? before.substr(5) : "MDY";
    for (std::string const& word : split_identifiers(text)) {
        if (word == "iso" || word == "default") continue;
        if (word == "mdy" || word == "us" || word == "noneuro" || word == "noneuropean") order = "MDY";
        else if (word == "dmy" || word == "euro" || word == "european") order = "DMY";
        else if (word == "ymd") order = "YMD";
        else if (word == "sql" || word == "postgres" || word == "german") {
            throw error(errc::feature_not_supported, "DateStyle " + word + " is not supported").with_hint("Use ISO.");
        } else throw_invalid(definition, text);
    }
    return "ISO, " + order;
}

time_zone const* zone_named(std::string_view text) {
    if (iequals(text, "local") || iequals(text, "default")) return &utc_time_zone();
    double hours = 0;
    auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), hours);
    if (problem == std::errc{} && end == text.data() + text.size()) {
        if (std::abs(hours) > 24) return nullptr;
        return &fixed_offset_zone(static_cast<std::int32_t>(hours * 3600));
    }
    return find_named_time_zone(text);
}

std::string shortest_real(double number) {
    char text[32];
    auto [end, problem] = std::to_chars(text, text + sizeof text, number);
    return {text, problem == std::errc{} ? end : text};
}

std::string canonical(setting_definition const& definition, std::string_view text, std::string const& before) {
    if (definition.name == "DateStyle") return canonical_date_style(definition, text, before);
    if (definition.name == "default_table_access_method") return canonical_table_method(definition, text);
    if (definition.name == "TimeZone") {
        auto const* zone = zone_named(text);
        if (!zone) throw_invalid(definition, text);
        return std::string(zone->name());
    }
    if (definition.name == "client_encoding") {
        if (!iequals(text, "utf8") && !iequals(text, "utf-8") && !iequals(text, "unicode")) {
            if (iequals(text, "sql_ascii") || iequals(text, "latin1")) {
                throw error(errc::feature_not_supported,
                            "client_encoding \"" + std::string(text) + "\" is not supported")
                    .with_hint("Use UTF8.");
            }
            throw_invalid(definition, text);
        }
        return "UTF8";
    }
    switch (definition.kind) {
        case setting_kind::boolean: {
            int value = boolean_word(text);
            if (value < 0) {
                throw error(errc::invalid_parameter_value,
                            "parameter \"" + std::string(definition.name) + "\" requires a Boolean value");
            }
            return value ? "on" : "off";
        }
        case setting_kind::integer: return canonical_integer(definition, text);
        case setting_kind::real: {
            double number = 0;
            auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (problem != std::errc{}) throw_invalid(definition, text);
            std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
            while (unit.starts_with(' ')) unit.remove_prefix(1);
            double const factor = definition.unit.empty() ? 0 : factor_of(definition.unit, unit);
            if (!unit.empty() && factor == 0) throw_invalid(definition, text);
            if (!unit.empty()) number *= factor / factor_of(definition.unit, definition.unit);
            bool const outside = definition.is_bounded() ? number < static_cast<double>(definition.minimum) ||
                                                               number > static_cast<double>(definition.maximum)
                                                         : !(number >= 0);
            if (outside) {
                throw error(errc::invalid_parameter_value,
                            std::string(text) + " is outside the valid range for parameter \"" +
                                std::string(definition.name) + "\" (" + std::to_string(definition.minimum) + " .. " +
                                (definition.is_bounded() ? std::to_string(definition.maximum) : "1.79769e+308") + ")");
            }
            return unit.empty() ? std::string(text) : shortest_real(number);
        }
        case setting_kind::choice: {
            std::string_view rest = definition.choices;
            while (!rest.empty()) {
                std::string_view one = rest.substr(0, rest.find(','));
                if (iequals(one, text)) return std::string(one);
                rest.remove_prefix(std::min(rest.size(), one.size() + 1));
            }
            int word = boolean_word(text);  // choices with on and off take booleans' other spellings too
            if (word >= 0 && definition.choices.find(word ? "on" : "off") != std::string_view::npos)
                return word ? "on" : "off";
            std::string list(definition.choices);
            for (std::size_t at = 0; (at = list.find(',', at)) != std::string::npos; at += 2) list.insert(at + 1, " ");
            throw error(errc::invalid_parameter_value, "invalid value for parameter \"" + std::string(definition.name) +
                                                           "\": \"" + std::string(text) + "\"")
                .with_hint("Available values: " + list + ".");
        }
        case setting_kind::text: break;
    }
    return std::string(text);
}

// 90000 ms prints as 90s: the largest unit that divides the value.
std::string with_unit(setting_definition const& definition, std::string const& text) {
    if (definition.unit.empty() || text == "0" || text.starts_with('-')) return text;
    std::int64_t value = std::stoll(text);
    auto shortest = [&](auto const& units) {
        double base = factor_of(definition.unit, definition.unit);
        std::string best = text + std::string(definition.unit);
        for (auto const& unit : units) {
            if (unit.in_base < base || unit.name == "8kB") continue;
            auto step = static_cast<std::int64_t>(unit.in_base / base);
            if (step > 0 && value % step == 0) best = std::to_string(value / step) + std::string(unit.name);
        }
        return best;
    };
    if (definition.unit == "8kB") {
        std::int64_t kilobytes = value * 8;
        if (kilobytes % 1048576 == 0) return std::to_string(kilobytes / 1048576) + "GB";
        return kilobytes % 1024 == 0 ? std::to_string(kilobytes / 1024) + "MB" : std::to_string(kilobytes) + "kB";
    }
    return is_time(definition.unit) ? shortest(time_units) : shortest(memory_units);
}

/// Why a session may not change a setting.
[[noreturn]] void throw_fixed(setting_definition const& definition) {
    std::string_view when = definition.context == setting_context::postmaster ? " without restarting the server"
                            : definition.context == setting_context::sighup   ? " now"
                                                                              : "";
    throw error(errc::cant_change_runtime_param,
                "parameter \"" + std::string(definition.name) + "\" cannot be changed" + std::string(when));
}

[[noreturn]] void throw_unknown(std::string_view name) {
    throw error(errc::undefined_object, "unrecognized configuration parameter \"" + std::string(name) + "\"");
}

}  // namespace

setting_definition const* find_setting(std::string_view name) {
    static std::map<std::string, setting_definition const*, std::less<>> const by_name = [] {
        std::map<std::string, setting_definition const*, std::less<>> made;
        for (auto const& definition : setting_definitions()) made.emplace(lower(definition.name), &definition);
        return made;
    }();
    auto found = by_name.find(lower(name));
    return found == by_name.end() ? nullptr : found->second;
}

std::string canonical_setting(setting_definition const& definition, std::string_view text, std::string const& before) {
    return canonical(definition, text, before);
}

bool setting_definition::may_be_in_files() const {
    if (context == setting_context::internal) return false;
    for (std::string_view fixed : {"config_file", "data_directory", "transaction_isolation", "transaction_read_only",
                                   "transaction_deferrable", "role"}) {
        if (name == fixed) return false;
    }
    return true;
}

int boolean_word(std::string_view text) {
    std::string word = lower(text);
    auto begins = [&](std::string_view whole, std::size_t least) {
        return word.size() >= least && whole.substr(0, word.size()) == word;
    };
    if (begins("true", 1) || begins("yes", 1) || word == "on" || word == "1") return 1;
    if (begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0") return 0;
    return -1;
}

std::vector<std::string> split_identifiers(std::string_view text) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == ',' || text[i] == '\t' || text[i] == '\n') {
            ++i;
            continue;
        }
        std::string name;
        if (text[i] == '"') {
            for (++i; i < text.size(); ++i) {
                if (text[i] == '"') {
                    if (i + 1 >= text.size() || text[i + 1] != '"') break;
                    ++i;
                }
                name += text[i];
            }
            if (i < text.size()) ++i;
        } else {
            std::size_t begin = i;
            while (i < text.size() && text[i] != ',' && text[i] != ' ') ++i;
            name = lower(text.substr(begin, i - begin));
        }
        names.push_back(std::move(name));
    }
    return names;
}

session_settings::session_settings() {
    for (auto const& definition : setting_definitions()) {
        held made;
        made.definition = &definition;
        made.initial = made.session = std::string(definition.initial);
        std::string key = lower(definition.name);
        held_[key] = made;
        apply(key, made);
    }
}

session_settings::held const* session_settings::lookup(std::string_view name) const {
    auto found = held_.find(lower(name));
    return found == held_.end() ? nullptr : &found->second;
}

session_settings::held& session_settings::find(std::string_view name) {
    std::string key = lower(name);
    if (key == "time zone") key = "timezone";
    auto found = held_.find(key);
    if (found == held_.end()) {
        if (name.find('.') == std::string_view::npos) throw_unknown(name);
        found = held_.emplace(key, held{}).first;
    }
    return found->second;
}

bool session_settings::is_known(std::string_view name) const { return lookup(name) != nullptr; }

std::string session_settings::show(std::string_view name) const {
    auto const* found = lookup(name);
    if (!found) throw_unknown(name);
    if (found->definition && found->definition->kind == setting_kind::integer)
        return with_unit(*found->definition, found->now());
    if (found->definition && found->definition->kind == setting_kind::real && !found->definition->unit.empty() &&
        found->now() != "0" && !found->now().starts_with('-')) {
        return found->now() + std::string(found->definition->unit);
    }
    return found->now();
}

std::string session_settings::raw(std::string_view name) const {
    auto const* found = lookup(name);
    if (!found) throw_unknown(name);
    return found->now();
}

void session_settings::set(std::string_view name, std::string_view text, scope where) {
    held& what = find(name);
    if (what.definition && !what.definition->in_session()) throw_fixed(*what.definition);
    std::string value = what.definition ? canonical(*what.definition, text, what.now()) : std::string(text);
    held next = what;
    if (where == scope::transaction) {
        next.local = std::move(value);
        next.has_local = true;
    } else {
        next.session = std::move(value);
        next.has_local = false;
        next.is_set = true;
    }
    change(lower(name), what, std::move(next));
}

void session_settings::reset(std::string_view name) {
    held& what = find(name);
    if (what.definition && !what.definition->in_session()) throw_fixed(*what.definition);
    held next = what;
    next.session = next.initial;
    next.has_local = next.is_set = false;
    change(lower(name), what, std::move(next));
}

void session_settings::reset_all() {
    for (auto& [key, what] : held_) {
        if ((!what.is_set && !what.has_local) || (what.definition && !what.definition->in_session())) continue;
        if (key.starts_with("transaction_") || key == "session_authorization") continue;
        held next = what;
        next.session = next.initial;
        next.has_local = next.is_set = false;
        change(key, what, std::move(next));
    }
}

void session_settings::set_initial(std::string_view name, std::string_view text) {
    held& what = find(name);
    if (what.definition && !what.definition->in_session()) throw_fixed(*what.definition);
    what.initial_source = setting_source::client;
    what.file.clear();
    what.line = 0;
    what.initial = what.session = what.definition ? canonical(*what.definition, text, what.now()) : std::string(text);
    apply(lower(name), what);
}

void session_settings::set_internal(std::string_view name, std::string_view text) {
    held& what = find(name);
    bool const differs = what.now() != text;
    what.initial = what.session = std::string(text);
    what.initial_source = setting_source::override_;
    what.has_local = false;
    apply(lower(name), what);
    if (differs && what.definition && what.definition->reported && on_reported_change) {
        on_reported_change(what.definition->name, what.now());
    }
}

void session_settings::configure(configured_values const& values) {
    auto take = [&](std::string const& key, held& what, configured_value const& from) {
        if (what.initial_source > setting_source::command_line) return;
        bool differs = !what.is_set && what.session != from.text;
        what.initial = from.text;
        what.initial_source = from.source;
        what.file = from.file;
        what.line = from.line;
        what.pending_restart = from.pending_restart;
        if (!differs) return;
        what.session = from.text;
        apply(key, what);
        if (what.definition && what.definition->reported && on_reported_change) {
            on_reported_change(what.definition->name, what.now());
        }
    };
    for (auto& [key, what] : held_) {
        if (values.contains(key)) continue;
        take(key, what, {what.definition ? std::string(what.definition->initial) : std::string(), {}, {}, 0, false});
    }
    for (auto const& [key, value] : values) take(key, held_.try_emplace(key).first->second, value);
}

session_settings::details session_settings::describe(std::string_view name) const {
    auto const* found = lookup(name);
    if (!found) throw_unknown(name);
    bool own = found->is_set || found->has_local;
    details made{found->now(), found->initial, own ? setting_source::session : found->initial_source, {}, 0, false};
    made.pending_restart = found->pending_restart;
    if (!own) made.file = found->file, made.line = found->line;
    return made;
}

void session_settings::change(std::string const& key, held& what, held next) {
    undo_.push_back({key, what});
    bool differs = what.now() != next.now();
    what = std::move(next);
    apply(key, what);
    if (differs && what.definition && what.definition->reported && on_reported_change) {
        on_reported_change(what.definition->name, what.now());
    }
}

void session_settings::rollback_to(std::size_t mark) {
    while (undo_.size() > mark) {
        undo_step step = std::move(undo_.back());
        undo_.pop_back();
        held& what = held_[step.key];
        bool differs = what.now() != step.before.now();
        what = std::move(step.before);
        apply(step.key, what);
        if (differs && what.definition && what.definition->reported && on_reported_change) {
            on_reported_change(what.definition->name, what.now());
        }
    }
}

void session_settings::rollback() { rollback_to(0); }

void session_settings::commit() {
    for (auto const& step : undo_) {
        held& what = held_[step.key];
        if (!what.has_local) continue;
        bool differs = what.local != what.session;
        what.has_local = false;
        apply(step.key, what);
        if (differs && what.definition && what.definition->reported && on_reported_change) {
            on_reported_change(what.definition->name, what.now());
        }
    }
    undo_.clear();
}

void session_settings::apply(std::string const& key, held const& what) {
    std::string const& now = what.now();
    if (key == "timezone" || key == "datestyle" || key == "search_path") ++binding_version_;
    if (key == "timezone") {
        auto const* zone = zone_named(now);
        active_.formats.zone = zone ? zone : &utc_time_zone();
        active_.formats.find_zone = &find_named_time_zone;
    } else if (key == "datestyle") {
        active_.formats.order = now.ends_with("DMY")   ? date_order::dmy
                                : now.ends_with("YMD") ? date_order::ymd
                                                       : date_order::mdy;
    } else if (key == "extra_float_digits") {
        active_.formats.extra_float_digits = std::stoi(now);
    } else if (key == "bytea_output") {
        active_.formats.bytea_output = now == "hex" ? bytea_format::hex : bytea_format::escape;
    } else if (key == "search_path") {
        active_.search_path = split_identifiers(now);
    } else if (key == "statement_timeout") {
        active_.statement_timeout_ms = std::stoll(now);
    } else if (key == "lock_timeout") {
        active_.lock_timeout_ms = std::stoll(now);
    } else if (key == "synchronous_commit") {
        active_.synchronous_commit = now != "off";
    } else if (key == "phantomdb.read_consistency") {
        active_.reads_locally = now == "local";
    } else if (key == "phantomdb.cluster_timeout") {
        active_.cluster_timeout_ms = std::stoll(now);
    } else if (key == "default_transaction_read_only") {
        active_.default_read_only = now == "on";
    } else if (key == "default_transaction_isolation") {
        active_.default_isolation = now;
    } else if (key == "plan_cache_mode") {
        active_.caches_statements = now != "force_custom_plan";
    } else if (key == "client_min_messages") {
        active_.client_min_level = now == "error"     ? 5
                                   : now == "warning" ? 4
                                   : now == "notice"  ? 3
                                   : now == "log"     ? 2
                                                      : 1;
    }
}

}  // namespace phantomdb::sql
