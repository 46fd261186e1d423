#include <phantomdb/cluster/replica.hpp>
#include <phantomdb/sql/session_core.hpp>

namespace phantomdb::sql {

void session_core::refuse_failed() const {
    if (block != block_state::failed) return;
    throw error(errc::in_failed_sql_transaction,
                "current transaction is aborted, commands ignored until end of transaction block");
}

void session_core::begin(block_state as) {
    block = as;
    statement_ran = false;
    transaction_time = clock();
    if (configured->version != shared.configuration.version()) {
        configured = shared.configuration.now();
        settings.configure(configured->values);
    }
    std::string const& wanted = settings.active().default_isolation;
    level = wanted == "serializable"      ? mvcc::isolation::serializable
            : wanted == "repeatable read" ? mvcc::isolation::repeatable_read
                                          : mvcc::isolation::read_committed;
    read_only = settings.active().default_read_only;
    look_at_group();
    read_only = read_only || follows;
}

void session_core::see_group() {
    if (!shared.replica || settings.active().reads_locally) return;
    await_group();
    if (level == mvcc::isolation::read_committed) return start_statement();
    if (statement_ran || !savepoints.empty() || transaction->has_writes())
        return;  // the snapshot is that of the first statement
    transaction.reset();
    ensure_transaction();
}

void session_core::look_at_group() {
    if (!shared.replica) return;
    bool const followed = follows;
    follows = !shared.replica->takes_writes();
    if (follows != followed) settings.set_internal("in_hot_standby", follows ? "on" : "off");
}

void session_core::await_group() const {
    if (!shared.replica || settings.active().reads_locally) return;
    shared.replica->wait_for_reads(std::chrono::milliseconds(settings.active().cluster_timeout_ms));
}

error session_core::refuse_writing(std::string message) const {
    error made(errc::read_only_sql_transaction, std::move(message));
    if (follows) made.hint = shared.replica->not_the_leader().hint;
    return made;
}

void session_core::ensure_transaction() {
    if (transaction) return;
    mvcc::transaction_options how;
    how.level = level;
    how.read_only = read_only;
    how.synchronous = settings.active().synchronous_commit;
    how.lock_timeout = std::chrono::milliseconds(settings.active().lock_timeout_ms);
    how.cancel = &cancel;
    current_catalog = shared.catalog.pair_with_snapshot(
        current_catalog, [&] { transaction = std::make_unique<exec::sql_transaction>(shared.shard->begin(how)); });
    if (!checks) checks = std::make_unique<exec::constraint_checks>();
}

void session_core::start_statement() {
    statement_time = clock();
    if (block == block_state::implicit && !statement_ran) transaction_time = statement_time;
    settings.active().formats.now = transaction_time;
    if (!transaction) return ensure_transaction();
    transaction->set_lock_timeout(std::chrono::milliseconds(settings.active().lock_timeout_ms));
    if (level != mvcc::isolation::read_committed) return;
    if (catalog_changed) transaction->refresh_snapshot();
    else current_catalog = shared.catalog.pair_with_snapshot(current_catalog, [&] { transaction->refresh_snapshot(); });
}

bool session_core::commit() {
    if (block == block_state::failed) {
        rollback();
        return false;
    }
    try {
        if (transaction) {
            if (!checks->waiting.empty()) {
                exec::table_writer writer(writing());
                writer.run_deferred();
            }
            transaction->set_synchronous(settings.active().synchronous_commit);
            for (schema::object_id id : new_sequences) {
                if (catalog().sequence(id)) shared.sequences.make_durable(*transaction, id);
            }
            if (catalog_changed) shared.catalog.commit(*transaction, current_catalog);
            else transaction->commit();
        }
    } catch (...) {
        rollback();
        throw;
    }
    for (schema::object_id id : new_sequences) {
        if (catalog().sequence(id)) shared.sequences.committed(id);
        else shared.sequences.forget(id);
    }
    new_sequences.clear();
    settings.commit();
    shared.usage.committed(database);
    if (!replaced.empty()) shared.usage.replaced(replaced, shared.shard->checkpoints());
    std::erase_if(cursors, [](auto const& named) { return !named.second.hold; });
    end_transaction();
    return true;
}

void session_core::rollback() {
    drop_edit();
    if (transaction && transaction->is_active()) transaction->rollback();
    for (schema::object_id id : new_sequences) shared.sequences.forget(id);
    new_sequences.clear();
    settings.rollback();
    if (block != block_state::idle) shared.usage.rolled_back(database);
    std::erase_if(cursors, [](auto const& named) { return !named.second.hold || !named.second.committed; });
    if (catalog_changed) current_catalog = shared.catalog.current();
    end_transaction();
}

void session_core::end_transaction() {
    transaction.reset();
    checks.reset();
    transaction_mark.clear();
    replaced.clear();
    savepoints.clear();
    exclusive.clear();
    written.clear();
    catalog_changed = false;
    statement_ran = false;
    block = block_state::idle;
    for (auto& [name, one] : cursors) one.committed = true;
}

void session_core::fail() {
    drop_edit();
    if (block == block_state::block) block = block_state::failed;
    else if (block == block_state::implicit) rollback();
}

void session_core::rollback_to(savepoint const& where) {
    drop_edit();
    transaction->rollback_to(where.mark);
    current_catalog = where.catalog;
    catalog_changed = where.catalog_changed;
    settings.rollback_to(where.settings_mark);
}

namespace {

savepoint* find_savepoint(session_core& session, std::string_view name) {
    for (auto at = session.savepoints.rbegin(); at != session.savepoints.rend(); ++at) {
        if (at->name == name) return &*at;
    }
    throw error(errc::invalid_savepoint, "savepoint \"" + std::string(name) + "\" does not exist");
}

void apply_modes(session_core& session, ast_list options, std::string_view text) {
    for (ast option : options) {
        std::string_view name = option.text("defname");
        if (name == "transaction_isolation") {
            set_isolation(session,
                          option["arg"]["sval"] ? option["arg"]["sval"].text("sval") : option["arg"].text("sval"));
        } else if (name == "transaction_read_only") {
            set_read_only(session, integer_constant(option["arg"], text) != 0);
        }
    }
}

}  // namespace

void set_isolation(session_core& session, std::string_view name) {
    auto wanted = name == "serializable"      ? mvcc::isolation::serializable
                  : name == "repeatable read" ? mvcc::isolation::repeatable_read
                                              : mvcc::isolation::read_committed;
    if (wanted == session.level) return;
    if (session.statement_ran) {
        throw error(errc::active_sql_transaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    }
    session.level = wanted;
    if (session.transaction && !session.transaction->has_writes()) {
        session.transaction.reset();  // it has done nothing: the next statement begins another
        session.savepoints.clear();
    }
}

void set_read_only(session_core& session, bool read_only) {
    if (!read_only && session.follows) {
        throw error(errc::feature_not_supported, "cannot set transaction read-write mode on a node that does not lead")
            .with_hint(session.shared.replica->not_the_leader().hint);
    }
    if (!read_only && session.read_only && session.statement_ran) {
        throw error(errc::active_sql_transaction, "transaction read-write mode must be set before any query");
    }
    session.read_only = read_only;
    if (session.transaction) session.transaction->set_read_only(read_only);
}

std::string isolation_name(mvcc::isolation level) {
    switch (level) {
        case mvcc::isolation::serializable: return "serializable";
        case mvcc::isolation::repeatable_read: return "repeatable read";
        case mvcc::isolation::read_committed: break;
    }
    return "read committed";
}

std::string run_transaction_statement(session_core& session, ast node, std::string_view text) {
    std::string_view kind = node.text("kind");
    std::string name(node.text("savepoint_name"));
    auto no_block = [&](std::string_view what) {
        return error(errc::no_active_sql_transaction, std::string(what) + " can only be used in transaction blocks");
    };
    bool in_block = session.block == block_state::block || session.block == block_state::failed;

    if (kind == "TRANS_STMT_BEGIN" || kind == "TRANS_STMT_START") {
        session.refuse_failed();
        if (session.block == block_state::block) {
            session.note(severity::warning, errc::active_sql_transaction, "there is already a transaction in progress");
        } else if (session.block == block_state::implicit) {
            session.block = block_state::block;
        } else {
            session.begin(block_state::block);
        }
        apply_modes(session, node.list("options"), text);
        return kind == "TRANS_STMT_BEGIN" ? "BEGIN" : "START TRANSACTION";
    }
    if (kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK") {
        bool committing = kind == "TRANS_STMT_COMMIT";
        if (!in_block) {
            session.note(severity::warning, errc::no_active_sql_transaction, "there is no transaction in progress");
        }
        bool committed = false;
        if (committing) committed = session.commit();
        else session.rollback();
        if (node.flag("chain")) {
            if (!in_block) throw no_block(committing ? "COMMIT AND CHAIN" : "ROLLBACK AND CHAIN");
            auto level = session.level;
            bool read_only = session.read_only;
            session.begin(block_state::block);
            session.level = level;
            session.read_only = read_only;
        }
        return committed ? "COMMIT" : "ROLLBACK";
    }
    if (kind == "TRANS_STMT_SAVEPOINT") {
        session.refuse_failed();
        if (!in_block) throw no_block("SAVEPOINT");
        session.ensure_transaction();
        session.savepoints.push_back({name, session.transaction->savepoint(), session.current_catalog,
                                      session.catalog_changed, session.settings.mark()});
        return "SAVEPOINT";
    }
    if (kind == "TRANS_STMT_RELEASE") {
        session.refuse_failed();
        if (!in_block) throw no_block("RELEASE SAVEPOINT");
        auto* found = find_savepoint(session, name);
        session.transaction->release(found->mark);
        session.savepoints.resize(static_cast<std::size_t>(found - session.savepoints.data()));
        return "RELEASE";
    }
    if (kind == "TRANS_STMT_ROLLBACK_TO") {
        if (!in_block) throw no_block("ROLLBACK TO SAVEPOINT");
        auto* found = find_savepoint(session, name);
        session.rollback_to(*found);
        session.savepoints.resize(static_cast<std::size_t>(found - session.savepoints.data()) + 1);
        std::erase_if(session.cursors,
                      [&](auto const& named) { return named.second.depth >= session.savepoints.size(); });
        session.block = block_state::block;
        return "ROLLBACK";
    }
    throw error(errc::feature_not_supported, "prepared transactions are not supported");
}

}  // namespace phantomdb::sql
