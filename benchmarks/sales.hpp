/// @file Defines what the benchmarks work on: rows of sales, their table, and queries over them.
#pragma once

#include <phantomdb/phantomdb.hpp>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

namespace bench {

namespace pdb = phantomdb;
using namespace pdb::literals;

struct sale {
    std::int64_t id;
    int customer;
    int quantity;
    std::int64_t cents;
    std::string note;
};
}  // namespace bench
BOOST_HANA_ADAPT_STRUCT(bench::sale, id, customer, quantity, cents, note);
namespace bench {

using sales = pdb::table<"sales", sale, pdb::primary_key<&sale::id>>;
using shop = pdb::schema_of<sales>;

/// Keeps the rows whose quantity, which is random in 1 … 100, is at least that much, and sums another column.
inline constexpr auto quantity_of_large = pdb::from<sales> | pdb::where(pdb::col<&sale::quantity> >= "least"_arg) |
                                          pdb::select(pdb::sum(pdb::col<&sale::customer>));

inline sale make_sale(std::int64_t id) {
    auto mixed = static_cast<std::uint64_t>(id) * 0x9e3779b97f4a7c15u;
    mixed ^= mixed >> 29;
    mixed *= 0xbf58476d1ce4e5b9u;
    mixed ^= mixed >> 32;
    return {id, static_cast<int>(mixed % 5000), static_cast<int>(mixed / 5000 % 100) + 1,
            static_cast<std::int64_t>(mixed % 100000), "note " + std::to_string(mixed % 1000000)};
}

/// Sales 0 … count - 1.
inline std::vector<sale> make_sales(std::int64_t count) {
    std::vector<sale> made;
    made.reserve(static_cast<std::size_t>(count));
    for (std::int64_t id = 0; id < count; ++id) made.push_back(make_sale(id));
    return made;
}

/// Keys to look for: the same ones, in the same order, for every system.
inline std::vector<std::int64_t> random_keys(std::int64_t below) {
    std::mt19937_64 random(7);
    std::uniform_int_distribution<std::int64_t> any(0, below - 1);
    std::vector<std::int64_t> keys(1 << 16);
    for (auto& key : keys) key = any(random);
    return keys;
}

/// A folder for files, gone with this object. It is made in $PHANTOMDB_BENCHMARK_FOLDER or where temporary files go;
/// all systems get theirs there, so that they sync to the same file system.
class scratch_folder {
public:
    explicit scratch_folder(std::string const& name) {
        char const* chosen = std::getenv("PHANTOMDB_BENCHMARK_FOLDER");
        auto const parent = chosen ? std::filesystem::path(chosen) : std::filesystem::temp_directory_path();
        path_ = parent / ("phantomdb-benchmark-" + std::to_string(::getpid()) + "-" + name);
        std::filesystem::remove_all(path_);
        std::filesystem::create_directories(path_);
    }
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_folder(scratch_folder const&) = delete;
    scratch_folder& operator=(scratch_folder const&) = delete;

    std::string file(std::string const& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace bench
