#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/mvcc/store_services.hpp>
#include <phantomdb/sql/follower_sessions.hpp>
#include <phantomdb/sql/instance_state.hpp>
#include <phantomdb/sql/replicated_instance.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/system_tables.hpp>

#include <random>
#include <thread>

namespace phantomdb::sql {

namespace {

std::map<std::string, std::string> settings_of(instance_options const& options) {
    auto made = options.settings;
    auto say = [&](char const* name, auto const& value, std::uint64_t unit) {
        if (value) made[name] = std::to_string((*value + unit - 1) / unit);
    };
    auto say_flag = [&](char const* name, std::optional<bool> value) {
        if (value) made[name] = *value ? "on" : "off";
    };
    say("shared_buffers", options.cache_bytes, 8 << 10);
    say("phantomdb.lsm_write_buffer", options.write_buffer_bytes, 1 << 10);
    say("phantomdb.background_write_rate", options.background_bytes_per_second, 1 << 10);
    say("max_wal_size", options.checkpoint_log_bytes, 1 << 20);
    say("checkpoint_timeout", options.checkpoint_seconds, 1);
    say_flag("fsync", options.sync);
    say_flag("wal_recycle", options.recycle_log);
    if (!options.synchronous_commit) made["synchronous_commit"] = "off";
    return made;
}

/// What the settings say to the store.
mvcc::store_tuning tuning_of(configuration const& settings) {
    auto bytes = [&](char const* name, std::uint64_t unit) {
        return static_cast<std::uint64_t>(settings.number(name)) * unit;
    };
    mvcc::store_tuning made;
    made.store.cache_bytes = bytes("shared_buffers", 8 << 10);
    made.store.write_buffer_bytes = bytes("phantomdb.lsm_write_buffer", 1 << 10);
    made.store.background_bytes_per_second = bytes("phantomdb.background_write_rate", 1 << 10);
    made.store.sync = settings.value("fsync") == "on";
    made.checkpoint_log_bytes = bytes("max_wal_size", 1 << 20);
    made.checkpoint_seconds = bytes("checkpoint_timeout", 1);
    made.recycle_log = settings.value("wal_recycle") == "on";
    return made;
}

mvcc::shard_options shard_options_of(mvcc::store_tuning const& tuning, mvcc::background_listener listener,
                                     instance::shared_state const& shared) {
    mvcc::shard_options made;
    made.checkpoint_log_bytes = tuning.checkpoint_log_bytes;
    made.checkpoint_timeout = std::chrono::seconds(tuning.checkpoint_seconds);
    made.store = tuning.store;
    made.log.sync = tuning.store.sync;
    if (!tuning.recycle_log) made.log.recycled_segments = 0;
    made.on_background_event = std::move(listener);
    made.describe_key = [&shared](std::string_view key) { return shared.describe_key(key); };
    return made;
}

}  // namespace

instance::shared_state::shared_state(std::string directory, instance_options const& options)
    : configuration(directory, settings_of(options)),
      replica(replica_of(directory, options)),
      shard(open_shard(std::move(directory), options)),
      replicated(replica ? std::make_unique<replicated_instance>(*shard, *replica) : nullptr),
      catalog((join_group(options), [this] { return shard->begin(); }), add_system_tables),
      sequences([this](mvcc::transaction_options how) { return shard->begin(how); }) {
    using namespace std::chrono;
    constexpr std::int64_t from_1970_to_2000 = 946'684'800'000'000;
    opened_at = duration_cast<microseconds>(shard->environment().now().time_since_epoch()).count() - from_1970_to_2000;
    if (replicated) replicated->keep({&catalog, &numbers, &sequences});
}

std::unique_ptr<cluster::replica> instance::shared_state::replica_of(std::string const& directory,
                                                                     instance_options const& options) const {
    if (!options.replica) return nullptr;
    cluster::replica_options made = *options.replica;
    made.directory = directory;
    made.tick = std::chrono::milliseconds(
        std::max<std::int64_t>(configuration.number("phantomdb.election_timeout") / made.election_ticks, 1));
    made.kept_log_bytes = static_cast<std::uint64_t>(configuration.number("wal_keep_size")) << 20;
    made.log.sync = configuration.value("fsync") == "on";
    if (configuration.value("wal_recycle") != "on") made.log.recycled_segments = 0;
    return std::make_unique<cluster::replica>(std::move(made));
}

std::unique_ptr<mvcc::local_shard> instance::shared_state::open_shard(std::string directory,
                                                                      instance_options const& options) {
    auto how = shard_options_of(tuning_of(configuration), options.on_background_event, *this);
    if (replica) {
        how.before_opening = [this] { replica->before_opening(); };
        how.open_log = [this](storage::lsn_type applied) { return replica->open_log(applied); };
        how.around_foreign = [this](auto const& changes, auto const& apply) {
            replicated->around_foreign(changes, apply);
        };
    }
    return mvcc::local_shard::open(std::move(directory), std::move(how));
}

/// Returns once there is a catalog: this node's, where it leads first, or another's.
void instance::shared_state::join_group(instance_options const& options) {
    if (!replica) return;
    replica->start(*replicated);
    std::string const key = exec::stored_catalog::change_key();
    auto const begin = [this] { return shard->begin(); };
    auto said = std::chrono::steady_clock::now();
    while (!shard->view().get(key)) {
        if (options.gives_up && options.gives_up()) {
            throw error(sqlstate{"57P01"}, "stopped while waiting for the cluster");
        }
        if (replica->takes_writes()) {
            try {
                exec::stored_catalog const founding(begin);
                continue;
            } catch (error const&) {  // it does not lead any more
            }
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        if (auto const now = std::chrono::steady_clock::now(); now - said > std::chrono::seconds(2)) {
            said = now;
            if (options.progress) options.progress("waiting for a majority of the cluster", 0, 1);
        }
    }
}

instance::shared_state::~shared_state() {
    if (replica) replica->stop();
    shard.reset();
    if (!temporary.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(temporary, ignored);
    }
}

bool instance::shared_state::reload() {
    if (!configuration.reload()) return false;
    mvcc::try_tune(*shard, tuning_of(configuration));
    return true;
}

std::string instance::shared_state::describe_key(std::string_view key) const {
    if (key.size() < schema::id_bytes) return "a name";
    schema::object_id id = 0;
    for (char byte : key.substr(0, schema::id_bytes)) id = id << 8 | static_cast<unsigned char>(byte);
    auto snapshot = catalog.current();
    if (id == schema::catalog_records_id) return "the catalog";
    if (id == schema::lock_names_id && key.size() == 2 * schema::id_bytes) {
        for (char byte : key.substr(schema::id_bytes)) id = id << 8 | static_cast<unsigned char>(byte);
        auto table = snapshot->table(id);
        return table ? "table \"" + table->name + "\"" : "a table";
    }
    if (auto table = snapshot->table(id)) return "row in relation \"" + table->name + "\"";
    for (auto const& [unused, table] : snapshot->tables()) {
        for (auto const& index : table->indexes) {
            if (index.id == id) return "key in index \"" + index.name + "\"";
        }
    }
    return "advisory lock";
}

instance::instance(std::unique_ptr<shared_state> made) : state_(std::move(made)) {}
instance::instance(instance&&) noexcept = default;
instance& instance::operator=(instance&&) noexcept = default;
instance::~instance() = default;

instance instance::open(std::filesystem::path const& directory, instance_options options) {
    if (!options.create && !std::filesystem::exists(directory / "log")) {
        throw error(errc::io_error, "there is no database in \"" + directory.string() + "\"");
    }
    if (options.progress) options.progress("opening", 0, 0);
    instance made(std::make_unique<shared_state>(directory.string(), options));
    if (options.progress) {
        auto replayed = made.state_->shard->statistics().replayed;
        options.progress("log replayed", replayed, replayed);
    }
    return made;
}

instance instance::in_memory() {
    // A directory in memory where the system has one: the log needs a place, but not to outlive us.
    std::error_code missing;
    std::filesystem::path base =
        std::filesystem::is_directory("/dev/shm", missing) ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::random_device seed;
    auto directory = base / ("phantomdb-" + std::to_string(seed()) + std::to_string(seed()));
    instance_options options;
    options.synchronous_commit = false;
    auto state = std::make_unique<shared_state>(directory.string(), options);
    state->temporary = directory;
    return instance(std::move(state));
}

std::optional<schema::role_descriptor> instance::find_role(std::string_view name) const {
    auto catalog = state_->catalog.current();
    auto const* found = catalog->find_role(name);
    return found ? std::optional(*found) : std::nullopt;
}

bool instance::has_database(std::string_view name) const {
    return state_->catalog.current()->find_database(name) != nullptr;
}

bool instance::password_set() const {
    auto catalog = state_->catalog.current();
    for (auto const& [id, role] : catalog->roles()) {
        if (!role->password.empty()) return true;
    }
    return false;
}

cluster::replica* instance::replica() const { return state_->replica.get(); }

bool forwards_sessions(instance const& store) {
    return store.shared().configuration.value("phantomdb.on_follower") == "forward";
}

std::chrono::milliseconds cluster_timeout(instance const& store) {
    return std::chrono::milliseconds(store.shared().configuration.number("phantomdb.cluster_timeout"));
}

instance::statistics instance::counters() const {
    auto counted = state_->shard->statistics();
    statistics made;
    made.commits = counted.commits;
    made.rollbacks = counted.rollbacks;
    made.log_bytes = counted.log.bytes;
    made.log_flushes = counted.log.syncs;
    std::lock_guard hold(state_->sessions_mutex);
    made.sessions = state_->sessions_begun;
    made.cache_hits = state_->cache_hits;
    made.cache_misses = state_->cache_misses;
    for (auto const& [number, one] : state_->sessions) {
        made.cache_hits += one.core->cache_hits.load(std::memory_order_relaxed);
        made.cache_misses += one.core->cache_misses.load(std::memory_order_relaxed);
    }
    return made;
}

}  // namespace phantomdb::sql
