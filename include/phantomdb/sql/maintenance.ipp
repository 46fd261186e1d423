#include <phantomdb/cluster/resting_log.hpp>
#include <phantomdb/exec/consistency.hpp>
#include <phantomdb/exec/sql_transaction.hpp>
#include <phantomdb/sql/maintenance.hpp>
#include <phantomdb/storage/image.hpp>

#include <optional>
#include <utility>

namespace phantomdb::sql {

namespace {

using image_progress = storage::image_progress;

image_progress step(step_progress const& progress, std::string_view name) {
    if (!progress) return {};
    return [&progress, name](std::uint64_t done, std::uint64_t total) { progress(name, done, total); };
}

mvcc::shard_options by_hand() {
    mvcc::shard_options options;
    options.background = false;
    return options;
}

void require_database(env::posix& environment, std::string const& directory) {
    if (environment.exists(env::join(directory, "store")) || environment.exists(env::join(directory, "log"))) return;
    throw error(errc::undefined_file, "there is no database in \"" + directory + "\"");
}

/// A database that nobody has open. That of a node is what the node knows to be committed; it stays on its own disk as it is.
std::unique_ptr<mvcc::local_shard> open_at_rest(env::posix& environment, std::string const& directory) {
    auto how = by_hand();
    if (!cluster::is_node(environment, directory)) return mvcc::local_shard::open(directory, std::move(how));
    storage::lsn_type applied = 0;
    how.open_log = [&](storage::lsn_type from) {
        applied = from;
        return std::make_unique<cluster::resting_log>(from);
    };
    how.before_opening = [&] {
        if (!environment.exists(env::join(env::join(directory, "image"), "installing"))) return;
        throw error(errc::object_not_in_prerequisite_state,
                    "the node in \"" + directory + "\" was stopped while it put an image into its store")
            .with_hint("Start phantomd on it once.");
    };
    auto shard = mvcc::local_shard::open(directory, std::move(how));
    cluster::read_committed(environment, directory, applied,
                            [&](storage::logged_batch const& batch) { shard->apply_log({&batch, 1}); });
    return shard;
}

bool same_content(storage::image_facts const& a, storage::image_facts const& b) {
    return a.lsn == b.lsn && a.entries == b.entries && a.checksum == b.checksum;
}

void refuse_existing(env::posix& environment, std::string const& file) {
    if (!environment.exists(file)) return;
    throw error(errc::duplicate_file, "file \"" + file + "\" already exists")
        .with_hint("A backup does not overwrite: give another name, or remove the file.");
}

/// The directory that a restore builds in: beside the one it will be, so that it can be renamed. Gone unless kept.
class building_site {
public:
    building_site(env::posix& environment, std::string path) : path_(std::move(path)) {
        env::create_own_directory(environment, path_);
        auto const alone = environment.lock(env::join(path_, "lock"));
        for (auto const& left : std::filesystem::directory_iterator(path_)) {  // by a restore that was killed
            if (left.path().filename() != "lock") std::filesystem::remove_all(left.path());
        }
    }
    building_site(building_site const&) = delete;
    building_site& operator=(building_site const&) = delete;
    ~building_site() {
        std::error_code ignored;
        if (!kept_) std::filesystem::remove_all(path_, ignored);
    }
    std::string in(std::string_view name) const { return env::join(path_, name); }
    std::string const& path() const { return path_; }
    void keep() { kept_ = true; }

private:
    std::string path_;
    bool kept_ = false;
};

/// Puts an image into a store in batches, in the order of the keys. Memory stays bounded: what was loaded is made durable.
void load(env::posix& environment, std::string const& file, std::string const& into, step_progress const& progress) {
    constexpr std::size_t batch_bytes = std::size_t{1} << 20, between_checkpoints = std::size_t{64} << 20;
    storage::database_store store(environment, into, {});
    storage::image_reader<env::posix> reader(environment, file);
    storage::write_batch batch;
    std::size_t since_checkpoint = 0;
    auto const apply = [&] {
        store.apply(batch, reader.lsn());
        since_checkpoint += batch.bytes().size();
        batch.clear();
        while (store.maintain()) {
        }
        if (since_checkpoint < between_checkpoints) return;
        store.checkpoint();
        since_checkpoint = 0;
    };
    reader.read_entries(
        [&](std::string_view key, std::string_view value) {
            batch.put(key, value);
            if (batch.bytes().size() >= batch_bytes) apply();
        },
        step(progress, "loading"));
    apply();
    store.checkpoint();
}

}  // namespace

backup_facts write_backup(mvcc::local_shard& shard, std::string const& file, step_progress const& progress) {
    auto& environment = shard.environment();
    refuse_existing(environment, file);
    storage::image_facts written;
    {
        auto const view = shard.view();
        written = storage::write_image(environment, file, view.base(), step(progress, "writing"));
    }
    try {
        auto const again = storage::verify_image(environment, file, step(progress, "reading again"));
        if (!same_content(written, again)) {
            throw error(errc::data_corrupted, "file \"" + file + "\" is not what was written to it");
        }
    } catch (...) {
        environment.remove(file);
        throw;
    }
    return {written.lsn, written.entries, written.bytes};
}

backup_facts backup_directory(std::filesystem::path const& directory, std::string const& file,
                              step_progress const& progress) {
    env::posix environment;
    require_database(environment, directory.string());
    refuse_existing(environment, file);
    auto const shard = open_at_rest(environment, directory.string());
    return write_backup(*shard, file, progress);
}

backup_facts restore_directory(std::string const& file, std::filesystem::path const& directory,
                               step_progress const& progress) {
    env::posix environment;
    std::string target = directory.string();
    while (target.size() > 1 && target.back() == '/') target.pop_back();
    if (environment.exists(target) && !environment.list(target).empty()) {
        throw error(errc::duplicate_file, "directory \"" + target + "\" is not empty")
            .with_hint("A backup is restored to a directory that does not exist or is empty.");
    }
    auto const facts = storage::verify_image(environment, file, step(progress, "checking the backup"));
    building_site site(environment, target + ".restoring");
    load(environment, file, site.in("store"), progress);
    {
        storage::database_store const store(environment, site.in("store"), {});
        auto const found = storage::facts_of_snapshot(store.snapshot(), step(progress, "comparing"));
        if (!same_content(facts, found)) {
            throw error(errc::data_corrupted, "what was restored from \"" + file + "\" is not what it holds")
                .with_detail("It has " + std::to_string(found.entries) + " entries, the backup " +
                             std::to_string(facts.entries) + ".");
        }
    }
    storage::begin_log(environment, site.in("log"), facts.lsn);
    {
        auto const shard = mvcc::local_shard::open(site.path(), by_hand());
        exec::stored_catalog const catalog([&] { return shard->begin(); });
        shard->checkpoint();
    }
    environment.rename(site.path(), target);
    site.keep();
    environment.sync_directory(env::parent(target));
    return {facts.lsn, facts.entries, facts.bytes};
}

namespace {

/// Counts problems on their way to the report.
struct problem_counter {
    check_report const& report;
    std::uint64_t count = 0;

    void tell(std::string const& object, std::string const& problem) {
        ++count;
        if (report.on_problem) report.on_problem(object, problem);
    }
    storage::verification of_files(std::string_view name) {
        storage::verification to;
        to.on_finding = [this](storage::finding const& f) {
            tell(f.file + " at offset " + std::to_string(f.offset), f.what);
        };
        to.on_progress = step(report.progress, name);
        return to;
    }
};

void check_content(mvcc::local_shard const& shard, exec::stored_catalog const& catalog, problem_counter& to) {
    exec::sql_view view;
    auto const as_of_view = catalog.pair_with_snapshot(nullptr, [&] { view = shard.view(); });
    exec::consistency_report report;
    report.on_finding = [&](std::string const& object, std::string const& problem) { to.tell(object, problem); };
    if (to.report.progress) report.on_progress = to.report.progress;
    exec::consistency_check<exec::sql_view>(view, *as_of_view, report).run();
}

}  // namespace

std::uint64_t check_database(mvcc::local_shard const& shard, exec::stored_catalog const& catalog,
                             check_report const& report) {
    problem_counter to{report};
    shard.verify(to.of_files("files"));
    check_content(shard, catalog, to);
    return to.count;
}

std::uint64_t check_directory(std::filesystem::path const& directory, check_report const& report) {
    env::posix environment;
    std::string const path = directory.string();
    require_database(environment, path);
    problem_counter to{report};
    {
        auto const alone = environment.lock(env::join(path, "lock"));
        bool const node = cluster::is_node(environment, path);
        std::string const log = node ? cluster::log_of_node(path) : env::join(path, "log");
        std::uint64_t const before = to.count;
        if (environment.exists(log)) storage::verify_log(environment, log, to.of_files("log"));
        try {
            // Where its bytes are damaged, opening it says no more.
            if (node && to.count == before) cluster::verify_entries(environment, path, to.of_files("entries"));
        } catch (error const& e) {
            if (e.code != errc::data_corrupted) throw;
            to.tell(log, e.message + ": " + e.detail);
        }
    }
    bool files_checked = false;
    try {
        auto const shard = open_at_rest(environment, path);
        shard->store().verify(to.of_files("files"));
        files_checked = true;
        exec::stored_catalog const catalog([&] { return shard->begin(); });
        check_content(*shard, catalog, to);
    } catch (error const& e) {
        if (e.code != errc::data_corrupted) throw;
        to.tell(path, "the database cannot be opened, so that tables and indexes were not compared: " + e.message);
        if (files_checked) return to.count;
        auto const alone = environment.lock(env::join(path, "lock"));
        try {
            storage::database_store(environment, env::join(path, "store"), {}).verify(to.of_files("files"));
        } catch (error const& of_store) {
            if (of_store.code != errc::data_corrupted) throw;
            if (of_store.message != e.message) to.tell(env::join(path, "store"), of_store.message);
        }
    }
    return to.count;
}

}  // namespace phantomdb::sql
