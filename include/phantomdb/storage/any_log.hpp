/// @file Defines `any_log`, a commit log whose kind is chosen when a database is opened: this machine's, or a group's.
///
/// What is above it does not know which it has. Beyond `commit_log` it says two things that matter where several nodes write one
/// log: the *epoch* a transaction belongs to, and who applies.
#pragma once

#include <phantomdb/storage/commit_log.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace phantomdb::storage {

struct verification;

/// A batch that a log hands over to be applied; borrowed.
struct logged_batch {
    lsn_type lsn = 0;
    std::string_view bytes;
    bool is_own = false;  ///< a commit of this process waits for it
};

/// What `any_log` holds. Any thread may call anything.
class log_kind {
public:
    /// A commit is taken only in the epoch in which its transaction began: everything it read and locked was decided by this
    /// process alone, and by nobody else meanwhile.
    using epoch_type = std::uint64_t;

    virtual ~log_kind() = default;
    virtual lsn_type append(std::string_view payload, epoch_type epoch) = 0;
    /// With the epoch of the `append` that gave the LSN: another epoch may give it to another record.
    virtual void wait_durable(lsn_type lsn, epoch_type epoch) = 0;
    virtual void wait_written(lsn_type lsn, epoch_type epoch) = 0;
    virtual bool is_refused(lsn_type lsn) const = 0;
    virtual lsn_type durable() const = 0;
    virtual lsn_type last() const = 0;
    virtual void read(lsn_type from, log_reader const& reader) = 0;
    virtual void truncate(lsn_type below) = 0;
    virtual log_statistics statistics() const = 0;

    /// The epoch of transactions that begin now.
    virtual epoch_type epoch() const { return 0; }
    /// Whether the log hands every record to the store itself, in order, before `wait_durable` returns for it; otherwise whoever
    /// commits applies.
    virtual bool applies() const { return false; }
    /// Gives up files that are kept only to be fast; whether there were any.
    virtual bool give_up_spares() { return false; }
    virtual void verify(verification const&) const {}
};

/// Model of `commit_log`.
class any_log {
public:
    using epoch_type = log_kind::epoch_type;

    explicit any_log(std::unique_ptr<log_kind> held) : held_(std::move(held)) {}

    lsn_type append(std::string_view payload, epoch_type epoch = 0) { return held_->append(payload, epoch); }
    void wait_durable(lsn_type lsn, epoch_type epoch = 0) { held_->wait_durable(lsn, epoch); }
    void wait_written(lsn_type lsn, epoch_type epoch = 0) { held_->wait_written(lsn, epoch); }
    bool is_refused(lsn_type lsn) const { return held_->is_refused(lsn); }
    lsn_type durable() const { return held_->durable(); }
    lsn_type last() const { return held_->last(); }
    void read(lsn_type from, log_reader const& reader) { held_->read(from, reader); }
    void truncate(lsn_type below) { held_->truncate(below); }
    log_statistics statistics() const { return held_->statistics(); }
    epoch_type epoch() const { return held_->epoch(); }
    bool applies() const { return held_->applies(); }
    bool give_up_spares() { return held_->give_up_spares(); }
    void verify(verification const& to) const { held_->verify(to); }

private:
    std::unique_ptr<log_kind> held_;
};
static_assert(commit_log<any_log>);

/// A log of one machine as an `any_log` holds it.
template <class Log>
class local_kind final : public log_kind {
public:
    template <class... Arguments>
    explicit local_kind(Arguments&&... arguments) : log_(std::forward<Arguments>(arguments)...) {}

    lsn_type append(std::string_view payload, epoch_type) override { return log_.append(payload); }
    void wait_durable(lsn_type lsn, epoch_type) override { log_.wait_durable(lsn); }
    void wait_written(lsn_type lsn, epoch_type) override { log_.wait_written(lsn); }
    bool is_refused(lsn_type lsn) const override { return log_.is_refused(lsn); }
    lsn_type durable() const override { return log_.durable(); }
    lsn_type last() const override { return log_.last(); }
    void read(lsn_type from, log_reader const& reader) override { log_.read(from, reader); }
    void truncate(lsn_type below) override { log_.truncate(below); }
    log_statistics statistics() const override { return log_.statistics(); }
    bool give_up_spares() override { return log_.give_up_spares(); }
    void verify(verification const& to) const override { log_.verify(to); }

private:
    Log log_;
};

}  // namespace phantomdb::storage
