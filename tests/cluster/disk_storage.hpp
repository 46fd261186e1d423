/// @file Defines `disk_storage`: what a node of a simulation has on its disk, which loses what was not synced.
#pragma once

#include <phantomdb/cluster/entry_log.hpp>
#include <phantomdb/sim/environment.hpp>

#include "raft/simulation.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::test {

/// What a storage does wrong on purpose.
enum class neglect { none, of_syncs, of_states, of_images };

/// The log of a replica, as it really is, and beside it the images that the simulation makes of its state.
template <neglect Of = neglect::none>
class disk_storage {
public:
    using log_type = cluster::entry_log<sim::environment>;

    disk_storage(std::uint64_t seed, rare_counts& counts)
        : environment_(sim::machine_options{.seed = seed}), counts_(counts) {
        open();
    }

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
        raft::hard_state const before = log_->state();
        raft::log_index const last = log_->last_index();
        bool const cut = next != nullptr && random % 2 == 0;
        if (cut) {  // the power goes while it is written
            counts_.met(rare::crash_while_writing);
            std::uint64_t const calls = next->image != nullptr ? 12 : 3;
            environment_.machine().add_fault({{}, random / 2 % calls, sim::fault::for_ever, EIO});
            try {
                store(next->state, next->image, next->entries, next->must_sync);
            } catch (error const&) {
            }
        }
        log_.reset();
        environment_ = environment_.power_cut(random / 64);
        open();
        if (cut && !next->entries.empty()) {
            raft::entry_id const wanted = next->entries.back().id();
            counts_.met(log_->term(wanted.index) == wanted.term ? rare::change_survived : rare::change_lost);
        }
        if (log_->state().commit < before.commit && log_->last_index() >= last) counts_.met(rare::commit_forgotten);
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
            if (log_->term(index) != image.id.term) {
                if (index > log_->last_index()) counts_.met(rare::image_ahead_of_log);  // else an old one
            } else if (!newest || newest->id.index < index) {
                newest = std::move(image);
            }
        }
        if (!newest) return;
        if (newest->members != log_->members_at(newest->id.index)) throw std::logic_error("the log has other members");
        log_->keep_image(std::make_shared<raft::image const>(std::move(*newest)));
    }

    sim::environment environment_;
    rare_counts& counts_;
    std::optional<log_type> log_;
};

}  // namespace phantomdb::test
