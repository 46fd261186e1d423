/// @file Defines `this_unit`, which keeps what is made for one translation unit apart from what another one makes.
///
/// A specialization for an object with internal linkage belongs to its translation unit. g++ forgets that from version 14 on where
/// the object is `constexpr`: two queries of one name, each in a source file of its own, would share one function, and the linker
/// takes either. A type of this unit in the object's type makes it remember.
#pragma once

namespace phantomdb {

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 14
namespace {
struct this_unit;
}  // namespace
#else
using this_unit = void;
#endif

}  // namespace phantomdb
