/// @file Other people's data for tests: found beside the checkout or where PHANTOMDB_CORPUS says; never part of the project.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace phantomdb::test {

inline std::filesystem::path corpus_folder() {
    if (char const* given = std::getenv("PHANTOMDB_CORPUS")) return given;
    return std::filesystem::path(PHANTOMDB_SOURCE_FOLDER) / ".." / "shared" / "data";
}

/// A file of the corpus; empty where it is missing.
inline std::string corpus_file(std::string const& name) {
    auto const path = corpus_folder() / name;
    return std::filesystem::exists(path) ? path.string() : std::string();
}

}  // namespace phantomdb::test
