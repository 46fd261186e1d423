/// @file Includes the Raft core whole. Start reading here.
#pragma once

#include <phantomdb/raft/core.hpp>
