// The simulated groups of tests/raft, with the logs that replicas really have, on disks that lose what was not synced.

#include <phantomdb/cluster/entry_log.hpp>
#include <phantomdb/sim/environment.hpp>

#include "raft/find_mistake.hpp"
#include "raft/simulation.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <optional>
#include <string>

using namespace phantomdb;

namespace {

/// What a storage does wrong on purpose.
enum class neglect { none, of_syncs, of_states, of_images };

/// What a node has on its disk: the log, and beside it the images that the simulation makes of its state.
template <neglect Of = neglect::none>
class disk_storage {
public:
    using log_type = cluster::entry_log<sim::environment>;

    explicit disk_storage(std::uint64_t seed) : environment_(sim::machine_options{.seed = seed}) { open(); }

    log_type const& log() const { return *log_; }
    raft::hard_state const& state() const { return log_->state(); }

    void store(std::optional<raft::hard_state> const& state, raft::image_ref const& image,
               std::span<raft::entry const> entries, bool must_sync) {
        if (image != nullptr && Of != neglect::of_images) write(*image);
        auto const change = log_->write(Of == neglect::of_states ? std::nullopt : state, image, entries);
        if (Of != neglect::of_syncs && (must_sync || image != nullptr)) log_->sync(change);
        if (image != nullptr) keep_only(image);
    }
    void keep(raft::image_ref image) {
        write(*image);
        keep_only(std::move(image));
    }
    void compact(raft::log_index index) { log_->compact(index); }

    void crash(std::uint64_t random, raft::ready const* next) {
        if (next != nullptr && random % 2 == 0) {  // the power goes while it is written
            environment_.machine().add_fault({{}, random / 2 % 20, sim::fault::for_ever, EIO});
            try {
                store(next->state, next->image, next->entries, next->must_sync);
            } catch (error const&) {
            }
        }
        log_.reset();
        environment_ = environment_.power_cut(random / 64);
        open();
    }

private:
    static std::string name_of(raft::log_index index) { return "image-" + std::to_string(index); }

    void write(raft::image const& image) {
        auto file = environment_.open("new", env::open_mode::create);
        file.write_at(0, codec::pack(image));
        file.sync();
        environment_.rename("new", name_of(image.id.index));
        environment_.sync_directory("");
    }
    void keep_only(raft::image_ref image) {
        for (raft::log_index const index : images()) {
            if (index != image->id.index) environment_.remove(name_of(index));
        }
        log_->keep_image(std::move(image));
    }
    std::vector<raft::log_index> images() {
        std::vector<raft::log_index> found;
        for (std::string const& name : environment_.list("")) {
            if (name.starts_with("image-")) found.push_back(std::strtoull(name.c_str() + 6, nullptr, 10));
        }
        return found;
    }
    void open() {
        storage::local_log_options options;
        options.segment_bytes = 2000;
        options.fill_ahead_bytes = 512;
        log_.emplace(environment_, "log", options);
        // One that was received may be ahead of the log, which then never said that it begins with it.
        std::optional<raft::image> newest;
        for (raft::log_index const index : images()) {
            auto const file = environment_.open(name_of(index), env::open_mode::read);
            std::string bytes(file.size(), '\0');
            bytes.resize(file.read_at(0, bytes));
            raft::image image = codec::unpack<raft::image>(bytes);
            if (log_->term(index) == image.id.term && (!newest || newest->id.index < index)) newest = std::move(image);
        }
        if (!newest) return;
        if (newest->members != log_->members_at(newest->id.index)) throw std::logic_error("the log has other members");
        log_->keep_image(std::make_shared<raft::image const>(std::move(*newest)));
    }

    sim::environment environment_;
    std::optional<log_type> log_;
};

using disk_simulation = test::basic_simulation<disk_storage<>>;

template <neglect Of>
bool is_found_within(std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        if (test::finds_something([&] { return !test::basic_simulation<disk_storage<Of>>(seed).run(); })) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("simulation on disks: nothing is violated, and progress resumes, whatever happens") {
    char const* const wanted = std::getenv("PHANTOMDB_RAFT_SEEDS");  // more of them
    std::uint64_t const seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 300;
    test::simulation_counts all;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        disk_simulation one(seed);
        std::optional<std::string> violation;
        try {
            violation = one.run();
        } catch (error const& e) {
            violation = e.message + ": " + e.detail;
        }
        INFO("seed " << seed << ": " << violation.value_or(""));
        REQUIRE_FALSE(violation.has_value());
        all.add(one.counts());
    }
    CHECK(all.acknowledged > 20 * seeds);
    CHECK(all.crashes > 5 * seeds);
    CHECK(all.images > seeds / 2);
    CHECK(all.changes > seeds);
    CHECK(all.truncated > seeds / 2);
}

TEST_CASE("simulation on disks: what a host must not neglect is found") {
    CHECK_FALSE(is_found_within<neglect::none>(20));
    CHECK(is_found_within<neglect::of_syncs>(500));
    CHECK(is_found_within<neglect::of_states>(500));
    CHECK(is_found_within<neglect::of_images>(500));
}
