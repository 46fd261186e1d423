#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/scram_verifier.hpp>

namespace phantomdb::sql::ddl {

namespace {

void apply_options(session_core& session, schema::role_descriptor& role, ast_list options) {
    for (ast option : options) {
        std::string_view what = option.text("defname");
        if (what == "password") {
            std::string password(option["arg"].text("sval"));
            if (password.empty()) {
                role.password.clear();
                if (option["arg"]) {
                    session.note(severity::notice, sqlstate{"00000"},
                                 "empty string is not a valid password, clearing password");
                }
            } else if (scram_verifier::parse(password)) {
                role.password = password;  // a verifier made elsewhere
            } else {
                role.password = scram_verifier::of(password).text();
            }
        } else if (what == "superuser") {
            role.superuser = option["arg"].flag("boolval");
        } else if (what == "canlogin") {
            role.can_login = option["arg"].flag("boolval");
        }
        // The other attributes (createdb, inherit, connection limit …) limit what nobody is kept from: accepted.
    }
}

std::string role_name(ast role) {
    std::string_view type = role.text("roletype");
    if (type == "ROLESPEC_CSTRING" || type.empty()) return std::string(role.text("rolename"));
    return {};
}

schema::role_descriptor const& role_named(session_core& session, std::string const& name) {
    auto const* found = session.edit().now().find_role(name);
    if (!found) throw error(errc::undefined_object, "role \"" + name + "\" does not exist");
    return *found;
}

}  // namespace

std::string create_role(session_core& session, ast node, std::string_view) {
    std::string name(node.text("role"));
    if (name.starts_with("pg_")) {
        throw error(errc::reserved_name, "role name \"" + name + "\" is reserved")
            .with_detail("Role names starting with \"pg_\" are reserved.");
    }
    if (session.edit().now().find_role(name))
        throw error(errc::duplicate_object, "role \"" + name + "\" already exists");
    schema::role_descriptor role;
    role.id = session.new_id();
    role.name = name;
    role.can_login = node.text("stmt_type") == "ROLESTMT_USER";
    apply_options(session, role, node.list("options"));
    session.edit().put(std::move(role));
    return "CREATE ROLE";
}

std::string alter_role(session_core& session, ast node, std::string_view) {
    std::string name = role_name(node["role"]);
    if (name.empty()) name = session.options.user;  // CURRENT_USER and its like
    schema::role_descriptor role = role_named(session, name);
    apply_options(session, role, node.list("options"));
    session.edit().put(std::move(role));
    return "ALTER ROLE";
}

std::string drop_role(session_core& session, ast node) {
    for (ast one : node.list("roles")) {
        std::string name = role_name(one);
        auto const* found = session.edit().now().find_role(name);
        if (!found) {
            if (!node.flag("missing_ok")) throw error(errc::undefined_object, "role \"" + name + "\" does not exist");
            session.note(severity::notice, errc::undefined_object, "role \"" + name + "\" does not exist, skipping");
            continue;
        }
        if (name == session.options.user) throw error(errc::object_in_use, "current user cannot be dropped");
        if (found->id < schema::first_user_id) {
            throw error(errc::dependent_objects_still_exist,
                        "cannot drop role " + name + " because it is required by the database system");
        }
        session.edit().erase(schema::record_kind::role, found->id);
    }
    return "DROP ROLE";
}

}  // namespace phantomdb::sql::ddl
