/// @file Defines the functions that ask the session they run in. All of them do the same: pass the question on.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/exec/system_services.hpp>

namespace phantomdb::exec::functions {

namespace detail {
inline nullable_datum ask(function_id which, call_context& context, call_arguments const& arguments) {
    if (!context.services) {
        throw error(errc::feature_not_supported,
                    "function " + std::string(signature_of(which).name) + " needs a SQL session to run in");
    }
    return context.services->ask(which, context, {arguments.values, arguments.size()});
}
}  // namespace detail

#define PHANTOMDB_ASK(enumerator, ...) \
    inline nullable_datum enumerator(call_context& context, call_arguments const& arguments) { \
        return detail::ask(function_id::enumerator, context, arguments); \
    }
PHANTOMDB_SYSTEM_FUNCTIONS(PHANTOMDB_ASK)
#undef PHANTOMDB_ASK

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_SYSTEM_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
