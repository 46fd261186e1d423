/// @file Defines `stored_catalog`: the catalog of an open database, kept in its store and shared by its sessions.
///
/// 1. The newest committed catalog is published as an immutable value; who only reads takes it and is done.
/// 2. A transaction that changes the catalog locks it first (`lock`), so there is one at a time. It works on catalogs of its
///    own, one a statement, whose records are ordinary writes of the transaction (`write`).
/// 3. Its commit makes the data visible and then publishes the catalog. `pair_with_snapshot` sees to it that nobody takes a
///    snapshot from one side of this step and a catalog from the other.
/// 4. Where other processes write as well (a group of nodes), what they have changed comes in by `follow`, in the same way.
#pragma once

#include <phantomdb/exec/row_numbers.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/schema/catalog_archive.hpp>
#include <phantomdb/schema/engine_records.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::exec {

/// Thread-safe.
class stored_catalog {
public:
    using shared = std::shared_ptr<schema::catalog const>;

    /// Reads the catalog; an empty store gets the role `postgres` and the databases `postgres` and `template1`, each with a
    /// schema `public`. `begin` begins transactions; `add_system` may add objects that are not stored.
    template <class Begin>
    explicit stored_catalog(Begin const& begin, std::function<void(schema::catalog_edit&)> add_system = {})
        : add_system_(std::move(add_system)) {
        schema::catalog const nothing;
        schema::catalog_edit edit(nothing);
        std::optional<schema::catalog_header> header;
        {
            sql_transaction transaction = begin();
            header = load(transaction, edit);
        }
        std::uint64_t const version = header ? header->version : 1;
        next_version_ = version + 1;
        if (header) {
            next_id_ = header->next_id;
        } else {
            found_empty(edit);
            sql_transaction transaction = begin();
            write(transaction, nothing, edit.now(), version, edit.take_changes());
            transaction.commit();
        }
        if (add_system_) add_system_(edit);
        publish(std::move(edit).finish(version));
    }

    /// The key that every change of the catalog writes.
    static std::string change_key() { return schema::record_key(schema::record_kind::header, 0); }

    /// Calls `apply`, which makes visible what another process has done to the catalog among other things, and publishes what the
    /// store then says.
    template <class Begin, class Apply>
    void follow(Begin const& begin, Apply const& apply) {
        std::lock_guard hold(commit_mutex_);
        commits_.fetch_add(1, std::memory_order_acq_rel);
        try {
            apply();
            sql_transaction transaction = begin();
            schema::catalog const nothing;
            schema::catalog_edit edit(nothing);
            if (auto const header = load(transaction, edit); header && header->version != version()) {
                raise(next_id_, header->next_id);
                raise(next_version_, header->version + 1);
                if (add_system_) add_system_(edit);
                publish(std::move(edit).finish(header->version));
            }
        } catch (...) {
            commits_.fetch_add(1, std::memory_order_acq_rel);
            throw;
        }
        commits_.fetch_add(1, std::memory_order_acq_rel);
    }

    /// The newest committed catalog.
    shared current() const {
        std::lock_guard hold(mutex_);
        return current_;
    }
    std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

    /// Calls `take_snapshot` and gives the catalog that was the newest at that moment. `known`, if still the newest, is given
    /// back without a lock.
    template <class TakeSnapshot>
    shared pair_with_snapshot(shared const& known, TakeSnapshot&& take_snapshot) const {
        for (;;) {
            std::uint64_t before = commits_.load(std::memory_order_acquire);
            if (before % 2 == 0) {
                shared now = known && known->version() == version() ? known : current();
                take_snapshot();
                if (commits_.load(std::memory_order_acquire) == before) return now;
            } else {
                std::shared_lock wait(commit_mutex_);  // until the one who commits is done
            }
        }
    }

    /// The same for those who only need to know whether the catalog is still the one of `known_version`: calls
    /// `take_snapshot` and answers whether it was at that moment. Lock-free.
    template <class TakeSnapshot>
    bool is_still(std::uint64_t known_version, TakeSnapshot&& take_snapshot) const {
        std::uint64_t const before = commits_.load(std::memory_order_acquire);
        if (before % 2 != 0 || version() != known_version) return false;
        take_snapshot();
        return commits_.load(std::memory_order_acquire) == before;
    }

    // --- for those who change it

    schema::object_id new_id() { return next_id_.fetch_add(1); }
    std::uint64_t new_version() { return next_version_.fetch_add(1); }

    /// Makes the transaction the only one that changes the catalog, until it ends. Waits; may throw as `transaction.lock`.
    void lock(sql_transaction& transaction) const { transaction.lock(change_key()); }

    /// Writes the records of the objects that changed since `before` into the transaction, with those that tell the store
    /// which engine keeps them.
    void write(sql_transaction& transaction, schema::catalog const& before, schema::catalog const& next,
               std::uint64_t version,
               std::vector<std::pair<schema::record_kind, schema::object_id>> const& changes) const {
        for (auto [kind, id] : changes) {
            std::string key = schema::record_key(kind, id);
            if (auto record = schema::record_of(next, kind, id)) transaction.put(key, *record);
            else transaction.erase(key);
            if (kind == schema::record_kind::table) {
                schema::change_engine_records(transaction, before.table(id).get(), next.table(id).get());
            }
        }
        schema::catalog_header header{version, next_id_.load()};
        transaction.put(change_key(), codec::pack(header));
    }

    /// Commits a transaction that changed the catalog, and publishes what it made of it. Throws what `commit` throws; then
    /// nothing is published.
    void commit(sql_transaction& transaction, shared next) {
        std::lock_guard hold(commit_mutex_);
        commits_.fetch_add(1, std::memory_order_acq_rel);
        try {
            transaction.commit();
            publish(std::move(next));
        } catch (...) {
            commits_.fetch_add(1, std::memory_order_acq_rel);
            throw;
        }
        commits_.fetch_add(1, std::memory_order_acq_rel);
    }

private:
    /// Reads what is stored into `edit`; nothing where the store is empty.
    static std::optional<schema::catalog_header> load(sql_transaction& transaction, schema::catalog_edit& edit) {
        std::optional<schema::catalog_header> header;
        std::string from, to;
        schema::append_id(from, schema::catalog_records_id);
        schema::append_id(to, schema::catalog_records_id + 1);
        auto scan = transaction.view().scan(from, to);
        storage::slice records[64];
        while (std::size_t n = scan.next_chunk(records)) {
            for (std::size_t i = 0; i < n; ++i) {
                if (records[i].key == change_key()) header = codec::unpack<schema::catalog_header>(records[i].value);
                else schema::load_record(edit, records[i].key, records[i].value);
            }
        }
        return header;
    }
    template <class T>
    static void raise(std::atomic<T>& number, T least) {
        for (T now = number.load(); now < least && !number.compare_exchange_weak(now, least);) {
        }
    }

    void publish(shared next) {
        std::uint64_t version = next->version();
        std::lock_guard hold(mutex_);
        current_ = std::move(next);
        version_.store(version, std::memory_order_release);
    }

    // Object ids as PostgreSQL has them, where it has fixed ones.
    static void found_empty(schema::catalog_edit& edit) {
        schema::role_descriptor role;
        role.id = 10;
        role.name = "postgres";
        role.superuser = true;
        edit.put(role);
        struct {
            char const* name;
            schema::object_id id, schema;
        } const databases[] = {{"template1", 1, 2201}, {"postgres", 5, 2200}};
        for (auto const& one : databases) {
            schema::database_descriptor database;
            database.id = one.id;
            database.name = one.name;
            edit.put(database);
            schema::schema_descriptor home;
            home.id = one.schema;
            home.database = one.id;
            home.name = "public";
            edit.put(home);
        }
    }

    std::function<void(schema::catalog_edit&)> add_system_;
    mutable std::mutex mutex_;
    shared current_;
    std::atomic<std::uint64_t> version_{0};
    std::atomic<std::uint64_t> next_version_{1};
    std::atomic<schema::object_id> next_id_{schema::first_user_id};
    mutable std::shared_mutex commit_mutex_;
    std::atomic<std::uint64_t> commits_{0};  // odd while a change is being committed
};

}  // namespace phantomdb::exec
