/// @file Defines the functions that tell facts: about the session, about types, about NULLs.
#pragma once

#include <phantomdb/exec/functions/kernel.hpp>
#include <phantomdb/value/uuid.hpp>

namespace phantomdb::exec::functions {

inline std::string_view current_user(call_context& context) { return context.session.user; }
inline std::string_view session_user(call_context& context) { return context.session.session_user; }
inline std::string_view current_database(call_context& context) { return context.session.database; }
inline std::string_view current_schema(call_context& context) { return context.session.schema; }
inline std::string_view version(call_context& context) { return context.session.version; }
inline std::string_view pg_client_encoding() { return "UTF8"; }
inline constexpr auto getdatabaseencoding = &pg_client_encoding;

inline std::string_view pg_typeof(call_context&, call_arguments const& in) { return facts(in.type(0).id).name; }

inline uuid gen_random_uuid(call_context& context) {
    auto high = context.random.next();
    return make_random_uuid(high, context.random.next());
}

inline std::int64_t num_nulls(call_context&, call_arguments const& in) {
    std::int64_t nulls = 0;
    for (std::size_t i = 0; i < in.size(); ++i) nulls += in[i].null;
    return nulls;
}
inline std::int64_t num_nonnulls(call_context& context, call_arguments const& in) {
    return static_cast<std::int64_t>(in.size()) - num_nulls(context, in);
}

}  // namespace phantomdb::exec::functions

namespace phantomdb::exec {
PHANTOMDB_SESSION_FUNCTIONS(PHANTOMDB_SCALAR)
}  // namespace phantomdb::exec
