/// @file Defines what database/data_directory.hpp declares.
#pragma once

#include <phantomdb/database/directory_engine.hpp>
#include <phantomdb/database/volatile_shard.hpp>
#include <phantomdb/mvcc/local_shard.hpp>

#include <memory>
#include <string>
#include <utility>

namespace phantomdb {

data_directory::data_directory(std::unique_ptr<engine> opened) noexcept : engine_(std::move(opened)) {}
data_directory::~data_directory() = default;

std::shared_ptr<data_directory> data_directory::open(std::string const& directory) {
    return std::make_shared<data_directory>(std::make_unique<engine>(mvcc::local_shard::open(directory)));
}

std::shared_ptr<data_directory> data_directory::in_memory() {
    mvcc::shard_options options;
    options.background = false;
    return std::make_shared<data_directory>(std::make_unique<engine>(volatile_shard::open("", options)));
}

void data_directory::checkpoint() { engine_->checkpoint(); }

}  // namespace phantomdb
