#include <phantomdb/sql/session_core.hpp>

#include <phantomdb/env/posix.hpp>

#include <random>

namespace phantomdb::sql {

namespace {

std::int64_t wall_clock() {
    using namespace std::chrono;
    constexpr std::int64_t from_1970_to_2000 = 946'684'800'000'000;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count() - from_1970_to_2000;
}

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    env::posix().fill_random(std::span<char>(reinterpret_cast<char*>(&seed), sizeof seed));
    return seed;
}

}  // namespace

session_core::session_core(instance& where, session_options wanted)
    : shared(where.shared()),
      options(std::move(wanted)),
      random(random_seed(), random_seed(), random_seed(), random_seed()),
      clock(wall_clock) {
    current_catalog = shared.catalog.current();
    auto const* role = catalog().find_role(options.user);
    if (!role) throw error(errc::invalid_authorization, "role \"" + options.user + "\" does not exist");
    auto const* found = catalog().find_database(options.database);
    if (!found) throw error(errc::invalid_catalog_name, "database \"" + options.database + "\" does not exist");
    database = found->id;
    configured = shared.configuration.now();
    settings.configure(configured->values);
    settings.set_internal("config_file", shared.configuration.file());
    settings.set_internal("data_directory", shared.shard->directory());
    settings.set_internal("session_authorization", options.user);
    settings.set_internal("is_superuser", role->superuser ? "on" : "off");
    look_at_group();
    for (auto const& [name, text] : options.settings) settings.set_initial(name, text);
    if (!options.application_name.empty()) settings.set_initial("application_name", options.application_name);
    facts.user = facts.session_user = options.user;
    facts.database = options.database;
    settings.on_reported_change = [this](std::string_view name, std::string const& now) {
        if (sink) sink->parameter_changed(name, now);
        if (name == "application_name") {
            std::lock_guard hold(shared.sessions_mutex);
            shared.sessions[number].application_name = now;
        }
    };
    shared.usage.session_began(database);
    std::lock_guard hold(shared.sessions_mutex);
    number = shared.next_session++;
    facts.process_id = number;
    ++shared.sessions_begun;
    session_activity& activity = shared.sessions[number];
    activity_ = &activity;
    activity.core = this;
    activity.database = options.database;
    activity.user = options.user;
    activity.application_name = settings.show("application_name");
    activity.client_address = options.client_address;
    activity.started = clock();
}

session_core::~session_core() {
    sink = nullptr;
    rollback();
    release_advisory();
    std::lock_guard hold(shared.sessions_mutex);
    shared.cache_hits += cache_hits;
    shared.cache_misses += cache_misses;
    shared.sessions.erase(number);
}

// ---- names ----

name_space session_core::names() const {
    name_space made;
    made.catalog = edit_ ? &edit_->now() : current_catalog.get();
    made.database = database;
    bool named = false;
    for (std::string const& name : settings.active().search_path) {
        auto const* found = made.catalog->find_schema(database, name == "$user" ? options.user : name);
        if (!found) continue;
        named |= found->id == schema::pg_catalog_id;
        made.search_path.push_back(found->id);
    }
    if (!named) made.search_path.insert(made.search_path.begin(), schema::pg_catalog_id);
    return made;
}

bind_context session_core::binding() const {
    bind_context made;
    made.names = names();
    made.formats = &settings.active().formats;
    made.database_name = options.database;
    return made;
}

schema::schema_descriptor const& session_core::creation_schema(std::string_view explicit_name) const {
    schema::catalog const& now = edit_ ? edit_->now() : *current_catalog;
    if (!explicit_name.empty()) {
        auto const* found = now.find_schema(database, explicit_name);
        if (!found)
            throw error(errc::invalid_schema_name, "schema \"" + std::string(explicit_name) + "\" does not exist");
        return *found;
    }
    for (std::string const& name : settings.active().search_path) {
        auto const* found = now.find_schema(database, name == "$user" ? options.user : name);
        if (found) return *found;
    }
    throw error(errc::invalid_schema_name, "no schema has been selected to create in");
}

// ---- definitions ----

schema::catalog_edit& session_core::edit() {
    if (edit_) return *edit_;
    if (read_only) throw refuse_writing("cannot change definitions in a read-only transaction");
    shared.catalog.lock(*transaction);
    if (!catalog_changed) {
        // What others committed before the lock was ours counts, and must be what the rows are seen with.
        auto newest = shared.catalog.pair_with_snapshot(current_catalog, [&] { transaction->refresh_snapshot(); });
        if (newest != current_catalog && transaction->level() != mvcc::isolation::read_committed) {
            throw error(errc::serialization_failure,
                        "could not serialize access due to concurrent changes of definitions")
                .with_hint("Run the transaction again.");
        }
        current_catalog = std::move(newest);
    }
    return edit_.emplace(*current_catalog);
}

schema::object_id session_core::new_id() {
    edit();
    return shared.catalog.new_id();
}

void session_core::finish_edit() {
    if (!edit_) return;
    auto changes = edit_->take_changes();
    if (!changes.empty()) {
        std::uint64_t version = shared.catalog.new_version();
        shared.catalog.write(*transaction, *current_catalog, edit_->now(), version, changes);
        current_catalog = std::move(*edit_).finish(version);
        catalog_changed = true;
    }
    edit_.reset();
}

namespace {
std::string lock_name(schema::object_id table) {
    std::string key;
    schema::append_id(key, schema::lock_names_id);
    schema::append_id(key, table);
    return key;
}
}  // namespace

void session_core::lock_for_definition(schema::object_id table) {
    if (!exclusive.insert(table).second) return;
    try {
        transaction->lock(lock_name(table));
    } catch (...) {
        exclusive.erase(table);
        throw;
    }
    // Those we waited for have committed rows we must see.
    transaction->refresh_snapshot();
}

void session_core::lock_for_writing(schema::object_id table) {
    if (exclusive.contains(table) || !written.insert(table).second) return;
    try {
        transaction->lock(lock_name(table), mvcc::lock_mode::key_share);
    } catch (...) {
        written.erase(table);
        throw;
    }
}

exec::writer_surroundings session_core::writing() {
    return {*transaction,
            edit_ ? edit_->now() : *current_catalog,
            layouts,
            shared.numbers,
            *checks,
            settings.active().formats,
            &exclusive,
            [this](schema::table_descriptor const& table, std::size_t column) { return default_of(table, column); },
            &usage};
}

// ---- running ----

void session_core::merge_usage() {
    if (usage.empty()) return;
    auto const counted = usage.take();
    for (auto const& [id, one] : counted) {
        if (one.updated + one.deleted > 0) replaced[id] += one.updated + one.deleted;
    }
    shared.usage.add(database, counted, [this](schema::object_id id) { return !catalog().table(id); });
}

void session_core::note(severity how, sqlstate code, std::string message, std::string detail, std::string hint) {
    static constexpr int levels[] = {1, 2, 6, 3, 4};  // by `severity`; info always passes
    if (!sink || levels[static_cast<int>(how)] < settings.active().client_min_level) return;
    sink->on_notice({how, code, std::move(message), std::move(detail), std::move(hint)});
}

exec::call_context session_core::call(arena& memory) {
    return {memory, settings.active().formats, facts, random, clock, transaction_time, statement_time, &cancelled,
            this};
}

void session_core::interrupt(mvcc::interrupt_reason why) {
    if (why == mvcc::interrupt_reason::shutdown) {
        terminated = true;
        if (options.on_terminate) options.on_terminate();
    } else if (cancel.is_raised()) return;
    cancel.raise(why);
    cancelled = true;
}

void session_core::clear_interrupt() {
    cancel.clear();
    cancelled = false;
    if (terminated) interrupt(mvcc::interrupt_reason::shutdown);
}

void session_core::set_activity(std::string_view state, std::string_view query) {
    std::lock_guard hold(activity_->mutex);
    activity_->state = state;
    if (!query.empty()) {
        activity_->query = query.substr(0, 1024);
        activity_->statement_started = statement_time;
    }
}

}  // namespace phantomdb::sql
