/// @file Defines `check_run`, which reads a run file from the disk and tells all that is wrong with it.
#pragma once

#include <phantomdb/storage/lsm/run_file.hpp>
#include <phantomdb/storage/persistent_store.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace phantomdb::storage::lsm {

/// Opens the file anew, past every cache, and calls `on_finding` for each piece of it that is damaged or contradicts another.
template <env::environment Environment>
void check_run(Environment& environment, std::string const& directory, run_record const& record,
               std::function<void(finding const&)> const& on_finding) {
    std::string const path = env::join(directory, run_name(record.number));
    auto const guarded = [&](std::uint64_t offset, auto&& act) {
        try {
            act();
        } catch (file_damage const& e) {
            on_finding({e.file, e.offset, e.detail});
        } catch (error const& e) {
            on_finding({path, offset, e.message});
        }
    };
    guarded(0, [&] {
        block_cache cache(0);
        std::atomic<std::uint64_t> read_bytes{0};
        run_file<Environment> const file(environment, directory, record, cache, read_bytes);
        run_properties const& claimed = file.properties();
        std::uint64_t entries = 0, erasures = 0, bytes = 0;
        bool all = true;
        for (std::size_t i = 0; i < file.index().size(); ++i) {
            std::uint64_t const offset = file.index().offset(i);
            bool sound = false;
            guarded(offset, [&] {
                file.read_blocks(i, i + 1, [&](block const& b) {
                    for (std::uint32_t j = 0; j < b.count(); ++j) {
                        entry const e = b.at(j);
                        ++entries;
                        erasures += e.erased ? 1 : 0;
                        bytes += e.key.size() + e.value.size();
                        if (e.lsn > claimed.highest)
                            throw damaged_file(path, offset, "An entry is newer than the run.");
                        if (entries == 1 && e.key != claimed.least)
                            throw damaged_file(path, offset, "The first key is another than the run says.");
                        if (!file.may_hold(e.key)) throw damaged_file(path, offset, "The filter denies a key.");
                    }
                });
                sound = true;
            });
            all = all && sound;
        }
        if (all && (entries != claimed.entries || erasures != claimed.erasures || bytes != claimed.entry_bytes))
            throw damaged_file(path, record.bytes, "The run counts its entries differently.");
    });
}

}  // namespace phantomdb::storage::lsm
