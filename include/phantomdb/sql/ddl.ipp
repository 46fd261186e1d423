#include <phantomdb/sql/ddl.hpp>

namespace phantomdb::sql::ddl {

std::optional<std::string> run(session_core& session, prepared_statement const& prepared) {
    ast node = prepared.node();
    std::string_view text = prepared.text(), kind = node.kind();
    session.statement_ran = true;
    if (kind == "CreateStmt") return create_table(session, node, text);
    if (kind == "CreateTableAsStmt" || kind == "SelectStmt") return create_table_as(session, prepared);
    if (kind == "IndexStmt") return create_index(session, node, text);
    if (kind == "AlterTableStmt") return alter_table(session, node, text);
    if (kind == "RenameStmt") return rename(session, node, text);
    if (kind == "AlterObjectSchemaStmt") return change_schema(session, node, text);
    if (kind == "DropStmt") return drop(session, node, text);
    if (kind == "TruncateStmt") return truncate(session, node, text);
    if (kind == "ViewStmt") return create_view(session, prepared);
    if (kind == "CreateSchemaStmt") return create_schema(session, prepared);
    if (kind == "CreateSeqStmt") return create_sequence(session, node, text);
    if (kind == "AlterSeqStmt") return alter_sequence(session, node, text);
    if (kind == "CreatedbStmt") return create_database(session, node);
    if (kind == "DropdbStmt") return drop_database(session, node);
    if (kind == "CommentStmt") return comment_on(session, node, text);
    if (kind == "CreateRoleStmt") return create_role(session, node, text);
    if (kind == "AlterRoleStmt") return alter_role(session, node, text);
    if (kind == "DropRoleStmt") return drop_role(session, node);
    // There is one kind of role that may do anything: what is granted is granted already.
    if (kind == "GrantStmt" || kind == "GrantRoleStmt") {
        bool role = kind == "GrantRoleStmt";
        return std::string(node.flag("is_grant") ? "GRANT" : "REVOKE") + (role ? " ROLE" : "");
    }
    if (kind == "AlterDefaultPrivilegesStmt") return "ALTER DEFAULT PRIVILEGES";
    if (kind == "AlterOwnerStmt") return std::string("ALTER ") + std::string(object_word(node.text("objectType")));
    if (kind == "CreateExtensionStmt") {
        std::string name(node.text("extname"));
        if (name == "plpgsql") return "CREATE EXTENSION";
        throw error(errc::feature_not_supported, "extension \"" + name + "\" is not available")
            .with_detail("Extensions are not supported.");
    }
    return std::nullopt;
}

std::string_view object_word(std::string_view type) {
    if (type == "OBJECT_TABLE") return "TABLE";
    if (type == "OBJECT_INDEX") return "INDEX";
    if (type == "OBJECT_VIEW") return "VIEW";
    if (type == "OBJECT_SEQUENCE") return "SEQUENCE";
    if (type == "OBJECT_SCHEMA") return "SCHEMA";
    if (type == "OBJECT_DATABASE") return "DATABASE";
    if (type == "OBJECT_COLUMN") return "COLUMN";
    return "OBJECT";
}

}  // namespace phantomdb::sql::ddl
