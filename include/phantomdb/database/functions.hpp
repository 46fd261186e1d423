/// @file Includes the functions and aggregates that typed queries can call without more: all but those that ask a session, and
/// logarithms and powers of numerics. For the latter include exec/functions/numeric_math.hpp, which takes a second to compile.
#pragma once

#include <phantomdb/exec/functions/arithmetic.hpp>
#include <phantomdb/exec/functions/collecting_aggregates.hpp>
#include <phantomdb/exec/functions/comparison.hpp>
#include <phantomdb/exec/functions/extreme_aggregates.hpp>
#include <phantomdb/exec/functions/json.hpp>
#include <phantomdb/exec/functions/json_build.hpp>
#include <phantomdb/exec/functions/math.hpp>
#include <phantomdb/exec/functions/numeric_aggregates.hpp>
#include <phantomdb/exec/functions/pattern.hpp>
#include <phantomdb/exec/functions/temporal.hpp>
#include <phantomdb/exec/functions/text.hpp>
