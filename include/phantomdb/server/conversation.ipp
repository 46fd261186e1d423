#pragma once

#include <phantomdb/server/conversation.hpp>
#include <phantomdb/value/binary_io.hpp>
#include <phantomdb/value/text_io.hpp>
#include <phantomdb/value/utf8.hpp>

#include <algorithm>
#include <cctype>
#include <new>

namespace phantomdb::server {

namespace {

std::vector<std::int16_t> const all_text;

error stopped_by_administrator() {
    return {errc::admin_shutdown, "terminating connection due to administrator command"};
}

std::string no_such(char const* kind, std::string_view name) {
    return std::string(kind) + " \"" + std::string(name) + "\" does not exist";
}

/// Statements that set passwords are not for logs.
bool mentions_password(std::string_view text) {
    constexpr std::string_view word = "password";
    auto const same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

}  // namespace

void conversation::run(std::atomic<bool> const& stopping) {
    while (!over_) {
        auto const message = channel_.next();
        if (stopping) report(stopped_by_administrator());
        else if (!message) return;
        else handle(*message);
    }
    channel_.flush();
}

template <class Step>
bool conversation::attempt(Step step) {
    try {
        step();
        return true;
    } catch (error const& caught) {
        if (channel_.broken()) throw;
        report(caught);
    } catch (std::bad_alloc const&) {
        report(error(errc::out_of_memory, "out of memory"));
    } catch (std::exception const& caught) {
        report(error(errc::internal_error, caught.what()));
    }
    return false;
}

void conversation::handle(frame const& message) {
    switch (message.type) {
        case frontend::terminate: over_ = true; return;
        case frontend::sync: return sync();
        default: break;
    }
    if (skipping_) return;
    switch (message.type) {
        case frontend::query: return query(message.body);
        case frontend::parse: return step(&conversation::parse, message.body);
        case frontend::bind: return step(&conversation::bind, message.body);
        case frontend::describe: return step(&conversation::describe, message.body);
        case frontend::execute: return step(&conversation::execute, message.body);
        case frontend::close: return step(&conversation::close, message.body);
        case frontend::flush: return channel_.flush_due();
        case frontend::function_call:
            report(error(errc::feature_not_supported, "the function call protocol is not supported"));
            return ready();
        default: return;  // the rest of a COPY that failed
    }
}

void conversation::step(void (conversation::*action)(std::string_view), std::string_view body) {
    if (attempt([&] { (this->*action)(body); })) return;
    session_.fail();
    skipping_ = true;
}

void conversation::query(std::string_view body) {
    auto const started = std::chrono::steady_clock::now();
    std::string_view text;
    attempt([&] {
        text = read_text(body);
        check_utf8(text);
        portals_.erase("");
        statements_.erase("");
        wire_sink sink(channel_, session_, wire_sink::protocol::simple, all_text, changed_);
        ++counters_.statements;
        session_.run(text, sink);
    });
    log_if_slow(started, text);
    ready();
}

void conversation::parse(std::string_view body) {
    parse_message const message = read_parse(body);
    check_utf8(message.text);
    std::vector<sql_type> types;
    types.reserve(message.parameter_types.size());
    for (auto const oid : message.parameter_types) {
        auto const [found, id] = oid == 0 ? type_lookup{true, type_id::unknown} : type_by_oid(oid);
        if (!found) {
            throw error(errc::feature_not_supported,
                        "parameters of type OID " + std::to_string(oid) + " are not supported");
        }
        types.push_back({id});
    }
    if (message.name.empty()) statements_.erase("");  // gone even if what replaces it is wrong
    statement_entry entry;
    entry.prepared = session_.prepare(message.text, types);
    entry.parameters = session_.describe(*entry.prepared).parameters;
    if (!message.name.empty()) session_.keep(message.name, entry.prepared);
    if (options_.slow_statement.count() >= 0) entry.text = message.text;
    statements_.insert_or_assign(std::string(message.name), std::make_shared<statement_entry const>(std::move(entry)));
    channel_.replies().parse_complete();
}

void conversation::bind(std::string_view body) {
    read_bind(body, bind_);
    auto const statement = find_statement(bind_.statement);
    if (bind_.parameters.size() != statement->parameters.size()) {
        throw error(errc::protocol_violation, "bind message supplies " + std::to_string(bind_.parameters.size()) +
                                                  " parameters, but prepared statement \"" +
                                                  std::string(bind_.statement) + "\" requires " +
                                                  std::to_string(statement->parameters.size()));
    }
    if (!bind_.portal.empty() && portals_.contains(bind_.portal)) {
        throw error(errc::duplicate_cursor, "cursor \"" + std::string(bind_.portal) + "\" already exists");
    }
    values_.reset();
    std::vector<value> parameters;
    parameters.reserve(bind_.parameters.size());
    for (std::size_t i = 0; i < bind_.parameters.size(); ++i) {
        parameters.push_back(read_parameter(i, statement->parameters[i]));
    }
    portal_entry entry;
    entry.bound = session_.bind(statement->prepared, std::move(parameters));
    entry.of = statement;
    std::size_t const columns = session_.columns(*entry.bound).size();
    if (bind_.result_formats.size() > 1 && bind_.result_formats.size() != columns) {
        throw error(errc::protocol_violation, "bind message has " + std::to_string(bind_.result_formats.size()) +
                                                  " result formats but query has " + std::to_string(columns) +
                                                  " columns");
    }
    entry.formats = bind_.result_formats;
    if (auto const place = portals_.find(bind_.portal); place != portals_.end()) place->second = std::move(entry);
    else portals_.emplace(bind_.portal, std::move(entry));
    channel_.replies().bind_complete();
}

value conversation::read_parameter(std::size_t index, sql_type type) {
    auto const& given = bind_.parameters[index];
    if (type.id == type_id::unknown) type.id = type_id::text;
    if (given.null) return value(type);
    bool const binary = bind_.parameter_is_binary(index),
               text_is_sound = !binary && find_invalid_utf8(given.bytes) == given.bytes.npos;
    try {
        if (binary) return value(type, parse_binary(type, given.bytes, values_));
        if (!text_is_sound) check_utf8(given.bytes);
        return value(type, parse_text(type, given.bytes, values_, session_.formats()));
    } catch (error& wrong) {
        std::string const number = std::to_string(index + 1);
        if (wrong.code == errc::invalid_binary_representation) wrong.message += " in bind parameter " + number;
        wrong.context = bind_.portal.empty() ? "unnamed portal" : "portal \"" + std::string(bind_.portal) + "\"";
        wrong.context += " parameter $" + number + (text_is_sound ? " = '...'" : "");
        throw;
    }
}

void conversation::describe(std::string_view body) {
    named_object const wanted = read_describe(body);
    auto& replies = channel_.replies();
    auto const describe_rows = [&](auto const& columns, auto const& formats) {
        if (columns.empty()) replies.no_data();
        else replies.row_description(columns, formats);
    };
    if (wanted.kind == 'S') {
        auto const description = session_.describe(*find_statement(wanted.name)->prepared);
        replies.parameter_description(description.parameters);
        describe_rows(description.columns, all_text);
    } else {
        auto const& portal = find_portal(wanted.name);
        describe_rows(session_.columns(*portal.bound), portal.formats);
    }
}

void conversation::execute(std::string_view body) {
    auto const started = std::chrono::steady_clock::now();
    execute_message const message = read_execute(body);
    auto const portal = find_portal(message.portal);  // a copy: the statement may end its own transaction
    auto const before = session_.status();
    wire_sink sink(channel_, session_, wire_sink::protocol::extended, portal.formats, changed_);
    ++counters_.statements;
    switch (session_.execute(*portal.bound, message.max_rows, sink)) {
        case sql::session::outcome::suspended: channel_.replies().portal_suspended(); break;
        case sql::session::outcome::complete:
        case sql::session::outcome::empty: break;  // the sink has said so
    }
    if (before != sql::transaction_status::idle && session_.status() == sql::transaction_status::idle) portals_.clear();
    log_if_slow(started, portal.of->text);
}

void conversation::close(std::string_view body) {
    named_object const unwanted = read_close(body);
    if (unwanted.kind == 'S') {
        if (auto const found = statements_.find(unwanted.name); found != statements_.end()) statements_.erase(found);
        if (!unwanted.name.empty()) session_.forget(unwanted.name);
    } else {
        if (auto const found = portals_.find(unwanted.name); found != portals_.end()) portals_.erase(found);
    }
    channel_.replies().close_complete();
}

void conversation::sync() {
    skipping_ = false;
    attempt([&] {
        wire_sink sink(channel_, session_, wire_sink::protocol::extended, all_text, changed_);
        session_.sync(sink);
    });
    ready();
}

void conversation::greet(std::int32_t cancel_key) {
    for (auto& [name, now] : session_.reported_settings()) changed_[name] = std::move(now);
    report_settings();
    channel_.replies().backend_key(session_.id(), cancel_key);
    ready();
}

/// Only what really changed since the client was told: SET LOCAL that was rolled back is no news.
void conversation::report_settings() {
    for (auto& [name, now] : changed_) {
        auto const [known, is_new] = reported_.try_emplace(name);
        if (!is_new && known->second == now) continue;
        channel_.replies().parameter_status(name, now);
        known->second = std::move(now);
    }
    changed_.clear();
}

void conversation::ready() {
    if (over_) return;
    report_settings();
    auto const status = session_.status();
    if (status == sql::transaction_status::idle) portals_.clear();
    channel_.replies().ready(status);
    channel_.flush_due();
}

std::shared_ptr<conversation::statement_entry const> const& conversation::find_statement(std::string_view name) {
    auto const found = statements_.find(name);
    if (name.empty()) {
        if (found != statements_.end()) return found->second;
        throw error(errc::invalid_sql_statement_name, "unnamed prepared statement does not exist");
    }
    auto const& prepared = session_.find_kept(name);
    if (found != statements_.end() && found->second->prepared == prepared) return found->second;
    // Made by PREPARE, perhaps in place of one that DEALLOCATE took away.
    statement_entry entry{prepared, session_.describe(*prepared).parameters, {}};
    return statements_.insert_or_assign(std::string(name), std::make_shared<statement_entry const>(std::move(entry)))
        .first->second;
}

conversation::portal_entry& conversation::find_portal(std::string_view name) {
    auto const found = portals_.find(name);
    if (found != portals_.end()) return found->second;
    throw error(errc::invalid_cursor_name, no_such("portal", name));
}

void conversation::report(error const& what) {
    ++counters_.errors;
    bool const fatal = what.code == errc::admin_shutdown;
    over_ = over_ || fatal;
    channel_.replies().failure(what, fatal ? error_severity::fatal : error_severity::error);
    channel_.flush_due();
    if (log_.wants(log_level::info)) {
        std::string_view const code = what.code.view();
        bool const ours = code.starts_with("XX") || code.starts_with("58") || code.starts_with("53");
        log_.write(ours ? log_level::error : log_level::info, "statement failed",
                   {{"session", session_.id()}, {"sqlstate", code}, {"message", what.message}});
    }
}

void conversation::log_if_slow(std::chrono::steady_clock::time_point started, std::string_view text) {
    if (options_.slow_statement.count() < 0) return;
    auto const took = std::chrono::steady_clock::now() - started;
    if (took < options_.slow_statement) return;
    constexpr std::size_t longest = 2000;
    log_.write(log_level::warning, "slow statement",
               {{"session", session_.id()},
                {"microseconds", std::chrono::duration_cast<std::chrono::microseconds>(took).count()},
                {"statement", mentions_password(text) ? "<mentions a password>" : text.substr(0, longest)}});
}

}  // namespace phantomdb::server
