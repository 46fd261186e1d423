/// @file Defines what phantomd does instead of serving: backup, restore, check. Progress goes to standard error.
#pragma once

#include <filesystem>
#include <string>

/// Exit statuses: 0 done, 1 not done, as said on standard error.
int backup(std::filesystem::path const& data, std::string const& file);
int restore(std::string const& file, std::filesystem::path const& data);

/// Exit statuses: 0 all is well; 1 problems were found, one a line on standard output; 2 it could not be checked.
int check(std::filesystem::path const& data);
