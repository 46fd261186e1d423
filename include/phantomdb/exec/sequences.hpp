/// @file Defines `sequence_states`: the counters behind nextval, which no transaction takes back.
///
/// A state in the store may be ahead of the numbers given out by up to `reserved_ahead`: it is written before they are, in a
/// transaction of its own whose commit does not wait for the disk. The log keeps commits in order, so when a commit that used
/// a number is durable, its reservation is too; after a crash, numbers are skipped, never given twice.
#pragma once

#include <phantomdb/exec/row_numbers.hpp>
#include <phantomdb/schema/catalog_archive.hpp>
#include <phantomdb/schema/descriptor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace phantomdb::exec {

/// As it lies in the store, and as `SELECT * FROM sequence` shows it.
struct sequence_state {
    std::int64_t last_value = 1;
    bool is_called = false;

    template <class Archive>
    void serialize(Archive& a, unsigned) {
        a & last_value & is_called;
    }
};

/// All sequences of a database. Thread-safe.
class sequence_states {
public:
    static constexpr std::int64_t reserved_ahead = 32;
    using begin_transaction = std::function<sql_transaction(mvcc::transaction_options)>;

    explicit sequence_states(begin_transaction begin) : begin_(std::move(begin)) {}

    /// A new sequence. Kept in memory until its transaction ends: `make_durable` before its commit, `forget` after a rollback.
    void create(schema::sequence_descriptor const& sequence) {
        auto made = std::make_shared<counter>();
        made->state = {sequence.start, false};
        made->uncommitted = true;
        made->epoch = begin_({.read_only = true}).epoch();
        std::lock_guard hold(mutex_);
        counters_[sequence.id] = std::move(made);
    }
    void make_durable(sql_transaction& transaction, schema::object_id id) {
        auto found = of(id, nullptr);
        std::lock_guard hold(found->mutex);
        transaction.put(key(id), codec::pack(found->state));
    }
    void committed(schema::object_id id) {
        auto found = of(id, nullptr);
        std::lock_guard hold(found->mutex);
        found->uncommitted = false;
        found->reserved = 0;
    }
    void forget(schema::object_id id) {
        std::lock_guard hold(mutex_);
        counters_.erase(id);
    }

    /// Reads all states from the store again when they are needed: another process may have gone on counting.
    void forget_all() {
        std::lock_guard hold(mutex_);
        counters_.clear();
    }

    /// The next number. 2200H at the end of a sequence that does not cycle.
    std::int64_t next(schema::sequence_descriptor const& sequence) {
        auto found = of(sequence.id, &sequence);
        std::lock_guard hold(found->mutex);
        sequence_state next = found->state;
        if (next.is_called) {
            std::int64_t step = sequence.increment;
            bool ends =
                step > 0 ? next.last_value > sequence.maximum - step : next.last_value < sequence.minimum - step;
            if (step > 0 && sequence.maximum < INT64_MIN + step) ends = true;
            if (ends && !sequence.cycle) {
                bool up = step > 0;
                throw error(sqlstate{"2200H"}, std::string("nextval: reached ") + (up ? "maximum" : "minimum") +
                                                   " value of sequence \"" + sequence.name + "\" (" +
                                                   std::to_string(up ? sequence.maximum : sequence.minimum) + ")");
            }
            next.last_value = ends ? (step > 0 ? sequence.minimum : sequence.maximum) : next.last_value + step;
        }
        next.is_called = true;
        if (!found->uncommitted && found->reserved <= 0) {
            sequence_state ahead = next;
            int128 far =
                static_cast<int128>(next.last_value) + static_cast<int128>(sequence.increment) * reserved_ahead;
            bool fits = far <= sequence.maximum && far >= sequence.minimum;
            if (fits) ahead.last_value = static_cast<std::int64_t>(far);
            store(sequence.id, ahead, found->epoch);
            found->reserved = fits ? reserved_ahead + 1 : 1;
        }
        --found->reserved;
        found->state = next;
        return next.last_value;
    }

    /// setval. 22003 outside of the sequence's bounds.
    void set(schema::sequence_descriptor const& sequence, std::int64_t value, bool is_called) {
        if (value < sequence.minimum || value > sequence.maximum) {
            throw error(errc::numeric_value_out_of_range,
                        "setval: value " + std::to_string(value) + " is out of bounds for sequence \"" + sequence.name +
                            "\" (" + std::to_string(sequence.minimum) + ".." + std::to_string(sequence.maximum) + ")");
        }
        auto found = of(sequence.id, &sequence);
        std::lock_guard hold(found->mutex);
        found->state = {value, is_called};
        found->reserved = 0;
        if (!found->uncommitted) store(sequence.id, found->state, found->epoch);
    }

    sequence_state now(schema::sequence_descriptor const& sequence) {
        auto found = of(sequence.id, &sequence);
        std::lock_guard hold(found->mutex);
        return found->state;
    }

private:
    struct counter {
        std::mutex mutex;
        sequence_state state;
        std::int64_t reserved = 0;  // numbers that may still be given out before the store must be told
        bool uncommitted = false;
        std::uint64_t epoch = 0;  // in which the state was read
    };

    static std::string key(schema::object_id id) {
        std::string bytes;
        schema::append_id(bytes, schema::sequence_states_id);
        schema::append_id(bytes, id);
        return bytes;
    }

    std::shared_ptr<counter> of(schema::object_id id, schema::sequence_descriptor const* sequence) {
        std::lock_guard hold(mutex_);
        auto& found = counters_[id];
        if (!found) {
            found = std::make_shared<counter>();
            found->state = {sequence ? sequence->start : 1, false};
            auto transaction = begin_({.read_only = true});
            found->epoch = transaction.epoch();
            if (auto stored = transaction.get(key(id))) found->state = codec::unpack<sequence_state>(*stored);
        }
        return found;
    }

    void store(schema::object_id id, sequence_state state, std::uint64_t epoch) {
        auto transaction = begin_({.synchronous = false});
        if (transaction.epoch() != epoch) {  // what is known of the sequence is of another time
            throw error(errc::serialization_failure, "could not count on, as another node has led meanwhile")
                .with_hint("Run the transaction again.");
        }
        transaction.put(key(id), codec::pack(state));
        transaction.commit();
    }

    begin_transaction begin_;
    std::mutex mutex_;
    std::map<schema::object_id, std::shared_ptr<counter>> counters_;
};

}  // namespace phantomdb::exec
