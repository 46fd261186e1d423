#include <phantomdb/base/assert.hpp>
#include <phantomdb/sql/configuration.hpp>

#include <algorithm>
#include <utility>

namespace phantomdb::sql {

namespace {

constexpr char file_name[] = "phantomdb.conf", automatic_file_name[] = "phantomdb.auto.conf";

std::string lower(std::string_view text) {
    std::string made(text);
    for (char& c : made) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return made;
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-' || c == '+' || c == ':' || c == '/' || static_cast<unsigned char>(c) >= 0x80;
}

/// Reads one line from left to right.
class line_reader {
public:
    explicit line_reader(std::string_view text) : rest_(text) {}

    void skip_space() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r')) {
            rest_.remove_prefix(1);
        }
    }
    bool at_end() const { return rest_.empty() || rest_.front() == '#'; }
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    /// Empty: there is none.
    std::string word() {
        std::size_t n = 0;
        while (n < rest_.size() && is_plain(rest_[n])) ++n;
        std::string made(rest_.substr(0, n));
        rest_.remove_prefix(n);
        return made;
    }
    /// What is between quotes, '' or \' being a quote in it. Nothing: it does not end.
    std::optional<std::string> quoted() {
        std::string made;
        while (!rest_.empty()) {
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '\'' && !take('\'')) return made;
            if (c == '\\' && !rest_.empty()) {
                c = rest_.front();
                rest_.remove_prefix(1);
            }
            made.push_back(c);
        }
        return std::nullopt;
    }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// 'it''s', on one line.
std::string in_quotes(std::string_view value) {
    std::string made = "'";
    for (char c : value) {
        if (c == '\'' || c == '\\') made.push_back(c);
        made.push_back(c);
    }
    return made + "'";
}

error wrong_line(configuration_line const& line) {
    return error(errc::config_file_error, "configuration file \"" + line.file + "\" contains errors")
        .with_detail("Line " + std::to_string(line.line) + ": " + line.problem + ".");
}

}  // namespace

std::vector<configuration_line> parse_configuration(std::string_view text, std::string const& file) {
    std::vector<configuration_line> made;
    for (int number = 1; !text.empty(); ++number) {
        std::string_view one = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
        line_reader reader(one);
        reader.skip_space();
        if (reader.at_end()) continue;
        configuration_line line;
        line.file = file;
        line.line = number;
        line.name = reader.word();
        reader.skip_space();
        if (reader.take('=')) reader.skip_space();
        std::optional<std::string> value;
        if (reader.take('\'')) {
            value = reader.quoted();
        } else if (std::string word = reader.word(); !word.empty()) {
            value = std::move(word);
        }
        reader.skip_space();
        if (line.name.empty() || !value || !reader.at_end()) {
            line.problem = "syntax error near \"" + std::string(reader.at_end() ? one : reader.rest()) + "\"";
        } else {
            line.value = *value;
        }
        made.push_back(std::move(line));
    }
    return made;
}

configuration::configuration(std::string directory, std::map<std::string, std::string> command_line)
    : directory_(std::move(directory)), command_line_(std::move(command_line)) {
    if (!directory_.empty()) {
        file_ = env::join(directory_, file_name);
        automatic_file_ = env::join(directory_, automatic_file_name);
    }
    current_ = judge(nullptr);
    for (auto const& line : current_->lines) {
        if (!line.problem.empty()) throw wrong_line(line);
    }
    version_ = current_->version;
}

std::shared_ptr<configuration::snapshot const> configuration::now() const {
    std::lock_guard hold(mutex_);
    return current_;
}

std::vector<configuration_line> configuration::read(std::string const& file) const {
    if (file.empty() || !environment_.exists(file)) return {};
    auto opened = environment_.open(file, env::open_mode::read);
    std::string text(opened.size(), '\0');
    text.resize(opened.read_at(0, text));
    return parse_configuration(text, file);
}

std::shared_ptr<configuration::snapshot const> configuration::judge(snapshot const* before) const {
    auto made = std::make_shared<snapshot>();
    made->version = before ? before->version + 1 : 1;
    made->lines = read(file_);
    auto automatic = read(automatic_file_);
    made->lines.insert(made->lines.end(), automatic.begin(), automatic.end());
    auto known = [&](std::string const& key) -> configured_value const* {
        if (!before) return nullptr;
        auto found = before->values.find(key);
        return found == before->values.end() ? nullptr : &found->second;
    };
    // Of several lines for a setting the last one counts.
    for (std::size_t i = 0; i < made->lines.size(); ++i) {
        configuration_line& line = made->lines[i];
        if (!line.problem.empty()) continue;
        auto const* definition = find_setting(line.name);
        std::string const key = lower(line.name);
        try {
            if (!definition) {
                if (line.name.find('.') == std::string::npos) {
                    throw error(errc::undefined_object, "unrecognized configuration parameter \"" + line.name + "\"");
                }
                made->values[key] = {line.value, setting_source::file, line.file, line.line, false};
                line.applied = true;
                continue;
            }
            if (!definition->may_be_in_files()) {
                throw error(errc::cant_change_runtime_param,
                            "parameter \"" + std::string(definition->name) + "\" cannot be changed");
            }
            configured_value value{canonical_setting(*definition, line.value, std::string(definition->initial)),
                                   setting_source::file, line.file, line.line, false};
            auto const* old = known(key);
            std::string const in_force = old ? old->text : std::string(definition->initial);
            if (before && definition->context == setting_context::postmaster && value.text != in_force) {
                value.text = in_force;
                value.pending_restart = true;
                line.problem = "setting could not be applied";
            } else {
                line.applied = true;
            }
            for (std::size_t k = 0; k < i; ++k) {
                if (lower(made->lines[k].name) == key) made->lines[k].applied = false;
            }
            made->values[key] = std::move(value);
        } catch (error const& wrong) {
            line.problem = wrong.message;
            if (auto const* old = known(key)) made->values[key] = *old;
        }
    }
    if (before) {
        // What only a start can take back stays as it was started with.
        for (auto const& [key, old] : before->values) {
            auto const* definition = find_setting(key);
            if (made->values.contains(key) || !definition || definition->context != setting_context::postmaster) {
                continue;
            }
            configured_value kept = old;
            kept.pending_restart = old.text != definition->initial && old.source == setting_source::file;
            made->values[key] = std::move(kept);
        }
    }
    for (auto const& [name, text] : command_line_) {
        auto const* definition = find_setting(name);
        if (!definition) {
            if (name.find('.') == std::string::npos) {
                throw error(errc::undefined_object, "unrecognized configuration parameter \"" + name + "\"");
            }
            made->values[lower(name)] = {text, setting_source::command_line, {}, 0, false};
            continue;
        }
        if (definition->context == setting_context::internal) {
            throw error(errc::cant_change_runtime_param, "parameter \"" + name + "\" cannot be changed");
        }
        made->values[lower(name)] = {canonical_setting(*definition, text, std::string(definition->initial)),
                                     setting_source::command_line,
                                     {},
                                     0,
                                     false};
    }
    return made;
}

bool configuration::reload() {
    std::lock_guard one(writing_);
    auto next = judge(now().get());
    for (auto const& line : next->lines) {
        if (!line.problem.starts_with("syntax error")) continue;
        // Nothing is taken over, but what is wrong can be looked at.
        auto kept = std::make_shared<snapshot>(*now());
        kept->lines = next->lines;
        for (auto& shown : kept->lines) shown.applied = false;
        std::lock_guard hold(mutex_);
        current_ = std::move(kept);
        return false;
    }
    std::lock_guard hold(mutex_);
    current_ = std::move(next);
    version_.store(current_->version, std::memory_order_release);
    return true;
}

void configuration::alter_system(std::string_view name, std::optional<std::string> const& value) {
    auto const* definition = find_setting(name);
    if (!definition) {
        throw error(errc::undefined_object, "unrecognized configuration parameter \"" + std::string(name) + "\"");
    }
    if (!definition->may_be_in_files()) {
        throw error(errc::cant_change_runtime_param,
                    "parameter \"" + std::string(definition->name) + "\" cannot be changed");
    }
    std::lock_guard one(writing_);
    auto lines = read(automatic_file_);
    std::erase_if(lines, [&](auto const& line) { return lower(line.name) == lower(name); });
    if (value) {
        configuration_line line;
        line.name = std::string(definition->name);
        // As it was written, units and all, once it is known to be right.
        static_cast<void>(canonical_setting(*definition, *value, std::string(definition->initial)));
        if (value->find('\n') != std::string::npos) {
            throw error(errc::invalid_parameter_value, "parameter value for ALTER SYSTEM must not contain a newline");
        }
        line.value = *value;
        lines.push_back(std::move(line));
    }
    write_automatic(lines);
}

void configuration::alter_system_reset_all() {
    std::lock_guard one(writing_);
    write_automatic({});
}

void configuration::write_automatic(std::vector<configuration_line> const& lines) {
    std::string text = "# Written by ALTER SYSTEM, which writes it anew; settings by hand belong into " +
                       std::string(file_name) + ".\n";
    for (auto const& line : lines) text += line.name + " = " + in_quotes(line.value) + "\n";
    // Complete or not at all, whatever happens meanwhile.
    std::string const unfinished = automatic_file_ + ".part";
    {
        auto file = environment_.open(unfinished, env::open_mode::create);
        file.write_at(0, text);
        file.sync();
    }
    environment_.rename(unfinished, automatic_file_);
    environment_.sync_directory(directory_);
}

std::string configuration::value(std::string_view name) const {
    auto const* definition = find_setting(name);
    PHANTOMDB_ASSERT(definition);
    auto const held = now();
    auto found = held->values.find(lower(name));
    return found == held->values.end() ? std::string(definition->initial) : found->second.text;
}

std::int64_t configuration::number(std::string_view name) const { return std::stoll(value(name)); }

}  // namespace phantomdb::sql
