/// @file Defines `local_log`, the commit log in segment files of one directory.
///
/// The segments are files, whose bytes `log_segment.hpp` tells.
///
/// Recycling: a sync costs least where neither the size nor the blocks of the file change. So a segment that `truncate` does
/// not need any more becomes spare-<its number>, and the next segment by another rename:
/// 1. `truncate` renames it and syncs the directory. Only then may it be overwritten: a loss of power before could bring the
///    old name back.
/// 2. The new header is written into the spare file and synced, then the file is renamed to its new name, then the directory
///    is synced, then records are written. A loss of power leaves a spare file, whose bytes mean nothing, or a segment without
///    records. (A segment made afresh has its name before its header: it may be left with a torn header and without records.)
/// 3. Records the file held before have another epoch. What looks like a record inside their payloads (a copy of a log may be
///    stored in a database) has another salt, which nobody outside can know.
///
/// Writing: whoever waits first writes, and syncs once, what all have appended by then; what arrives meanwhile is the
/// next group. A new segment begins only once the one before is synced. If a sync fails, the log is poisoned: what the
/// disk holds is unknown, so everything is refused until it is opened again. If space or memory runs out, what was appended
/// is refused, and the next append tries again at the same place.
///
/// Opening: a segment is read up to the first bytes that are no record with the right epoch and salt and a rising LSN.
/// 1. Another segment follows: the last LSN read must be the one its header names; otherwise the log is damaged.
/// 2. It is the last, and somewhere behind there is a sound record that knows (by `synced`) that a record we could not
///    read had been durable: the log is damaged. Refused, with file and offset. The same where the header cannot be read and
///    there are records, for the header was durable before them.
/// 3. Otherwise these bytes were never acknowledged: a torn tail. The file is cut off there if anything in it might be taken
///    for a record of this segment later; other bytes stay, so that the file keeps its size.
/// 4. Records of which nothing says that they are durable are written again before the sync: they may have been read from a
///    cache whose pages count as written since a sync failed.
/// Segments that hold only records up to where the log is needed from may be there or not, in any combination: they were being
/// removed or renamed.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>
#include <phantomdb/env/environment.hpp>
#include <phantomdb/storage/commit_log.hpp>
#include <phantomdb/storage/log_check.hpp>
#include <phantomdb/storage/log_segment.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phantomdb::storage {

struct local_log_options {
    std::uint64_t segment_bytes = std::uint64_t{64} << 20;
    std::uint64_t fill_ahead_bytes = std::uint64_t{1} << 20;
    /// So many segments that are not needed any more are kept to be written again; about what a checkpoint sets free.
    std::size_t recycled_segments = 2;
    bool sync = true;  ///< false: `wait_durable` does not sync; a loss of power may cost the last commits or the log
};

/// For `after`: the log is read from wherever it begins, which is behind the last segment that is gone. Who opens it so has to find
/// out from the records whether something is missing before the first of them, and calls `truncate` once that is settled.
inline constexpr lsn_type wherever_it_begins = std::numeric_limits<lsn_type>::max();

/// Model of `commit_log`. One per directory. Records are at most 4 GiB less one page.
template <env::environment Environment>
class local_log {
public:
    /// Opens the log in `directory`, or begins one there that continues after `after`, and gives every record above
    /// `after` to `replay`. Throws data_corrupted where the log is damaged, or does not reach down to `after`.
    local_log(Environment& environment, std::string directory, local_log_options options = {}, lsn_type after = 0,
              log_reader const& replay = {})
        : environment_(environment), directory_(std::move(directory)), options_(options) {
        env::create_own_directory(environment_, directory_);
        recover(after, replay);
    }
    local_log(local_log const&) = delete;
    local_log& operator=(local_log const&) = delete;
    ~local_log() {
        bool const all_durable = pending_.empty() && durable_ == kept_ && file_segment_ == end_.segment;
        if (poison_ == nullptr && all_durable) write_marker();
    }

    lsn_type append(std::string_view payload) {
        if (payload.size() > most_payload) {
            throw error(errc::program_limit_exceeded, "transaction is too large")
                .with_detail("Its changes have " + std::to_string(payload.size()) + " bytes; the limit is " +
                             std::to_string(most_payload) + ".")
                .with_hint("Commit in smaller steps.");
        }
        std::uint32_t const checksum = codec::crc32c(payload);
        std::uint64_t const size = detail::padded(detail::record_header_bytes + payload.size());
        std::lock_guard const hold(mutex_);
        refuse_if_poisoned();
        bool const rotate =
            rotate_next_ || (end_.offset > detail::segment_header_bytes && end_.offset + size > options_.segment_bytes);
        // What needs memory comes first, so that an append without memory has changed nothing.
        refused_.reserve(refused_.size() + 1);
        if (rotate || pending_.empty()) {
            position const at = rotate ? position{end_.segment + 1, detail::segment_header_bytes} : end_;
            detail::segment_identity const identity = rotate ? fresh_identity(at.segment) : identity_;
            group fresh{at, identity, rotate, kept_, last_ + 1, 0, {}};
            fresh.bytes.reserve(size);
            pending_.reserve(pending_.size() + 1);
            if (rotate) {
                closed_[end_.segment] = end_.offset;
                closed_bytes_ += end_.offset;
                end_ = at;
                identity_ = identity;
            }
            pending_.push_back(std::move(fresh));
        } else if (std::string& bytes = pending_.back().bytes; bytes.capacity() - bytes.size() < size) {
            bytes.reserve(std::max<std::size_t>(bytes.size() + size, 2 * bytes.capacity()));
        }
        rotate_next_ = false;
        group& into = pending_.back();
        char header[detail::record_header_bytes]{};
        codec::store_fixed(header, static_cast<std::uint32_t>(payload.size()));
        codec::store_fixed(header + 8, ++last_);
        codec::store_fixed(header + 16, durable_);
        codec::store_fixed(header + 24, static_cast<std::uint64_t>(identity_));
        codec::store_fixed(header + 4, detail::record_checksum(header, checksum));
        into.bytes.append(header, sizeof header);
        into.bytes.append(payload);
        into.bytes.resize(detail::padded(into.bytes.size()), '\0');
        into.last = kept_ = last_;
        end_.offset += size;
        ++statistics_.records;
        return last_;
    }

    void wait_durable(lsn_type lsn) { wait(lsn, options_.sync); }
    void wait_written(lsn_type lsn) { wait(lsn, false); }

    bool is_refused(lsn_type lsn) const {
        std::lock_guard const hold(mutex_);
        return std::any_of(refused_.begin(), refused_.end(), [&](refused const& r) { return r.covers(lsn); });
    }
    lsn_type durable() const {
        std::lock_guard const hold(mutex_);
        return durable_;
    }
    lsn_type last() const {
        std::lock_guard const hold(mutex_);
        return kept_;
    }
    log_statistics statistics() const {
        std::lock_guard const hold(mutex_);
        log_statistics statistics = statistics_;
        statistics.bytes = closed_bytes_ + end_.offset;
        return statistics;
    }

    void read(lsn_type from, log_reader const& reader) {
        reading const keeps_files(*this);
        std::vector<detail::segment> segments;
        lsn_type upto = 0;
        {
            std::lock_guard const hold(mutex_);
            segments = segments_;
            upto = durable_;
        }
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (i + 1 < segments.size() && segments[i + 1].previous < from) continue;
            std::string const bytes = read_file(detail::segment_name(segments[i].number));
            lsn_type last = segments[i].previous;
            detail::scan(bytes, segments[i].identity, last, [&](detail::log_record const& record) {
                if (record.lsn >= from && record.lsn <= upto) reader(record.lsn, record.payload);
            });
        }
    }

    /// Reads every segment again and reports, with file and offset, what is no sound record though it was acknowledged.
    /// Commits go on meanwhile; segments that are removed meanwhile are left out. Throws io_error.
    void verify(verification const& to) const {
        std::vector<detail::segment> segments;
        lsn_type upto = 0;
        {
            std::lock_guard const hold(mutex_);
            segments = segments_;
            upto = durable_;
        }
        for (std::size_t i = 0; i < segments.size(); ++i) {
            std::string const path = env::join(directory_, detail::segment_name(segments[i].number));
            std::string bytes;
            try {
                bytes = detail::read_whole(environment_, path);
            } catch (error const&) {
                if (has_segment(segments[i].number)) throw;
                continue;
            }
            bool const newest = i + 1 == segments.size();
            lsn_type const held = newest ? std::max(upto, segments[i].previous) : segments[i + 1].previous;
            detail::verify_segment(path, bytes, segments[i].number, segments[i].identity, segments[i].previous, held,
                                   to);
            if (to.on_progress) to.on_progress(i + 1, segments.size());
        }
    }

    /// Recycles or removes the segments that hold only records below `below`. The one being written stays until the next, and
    /// all stay while somebody reads.
    void truncate(lsn_type below) {
        std::lock_guard const one(truncating_);
        std::vector<std::uint64_t> unneeded;
        {
            std::lock_guard const hold(mutex_);
            std::size_t n = 0;
            unneeded.swap(leftovers_);
            while (readers_ == 0 && n + 1 < segments_.size() && segments_[n + 1].previous < below)
                unneeded.push_back(segments_[n++].number);
            segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(n));
            if (last_ < below && end_.offset > detail::segment_header_bytes && pending_.empty()) rotate_next_ = true;
        }
        retire(unneeded);
    }

    /// Removes the spare files and keeps no further ones until there is room for a segment made afresh: for who met a full
    /// disk. False: there was none, and no room was made. Any thread. Throws io_error.
    bool give_up_spares() {
        std::vector<std::uint64_t> spares;
        {
            std::lock_guard const hold(mutex_);
            has_room_ = false;
            spares.swap(spares_);
        }
        for (std::uint64_t const number : spares) environment_.remove(path_of(detail::spare_name(number)));
        return !spares.empty();
    }

private:
    struct position {
        std::uint64_t segment = 0;
        std::uint64_t offset = 0;
    };
    /// While there is one, `truncate` leaves the files alone.
    class reading {
    public:
        explicit reading(local_log& log) : log_(log) {
            std::lock_guard const hold(log_.mutex_);
            ++log_.readers_;
        }
        reading(reading const&) = delete;
        reading& operator=(reading const&) = delete;
        ~reading() {
            std::lock_guard const hold(log_.mutex_);
            --log_.readers_;
        }

    private:
        local_log& log_;
    };
    /// Records that go to one place in one write.
    struct group {
        position at;
        detail::segment_identity identity;  // of the segment
        bool new_segment;
        lsn_type previous;  // the LSN before these records in the log; refused ones were never there
        lsn_type first, last;
        std::string bytes;
    };
    struct refused {
        lsn_type first, last;
        std::exception_ptr reason;
        bool covers(lsn_type lsn) const { return lsn >= first && lsn <= last; }
    };

    // ---- writing ----

    void wait(lsn_type lsn, bool sync) {
        std::unique_lock hold(mutex_);
        for (;;) {
            for (refused const& r : refused_) {
                if (r.covers(lsn)) throw_again(r.reason);
            }
            if ((sync ? durable_ : written_) >= lsn) return;
            refuse_if_poisoned();
            if (busy_) {
                progress_.wait(hold);
                continue;
            }
            busy_ = true;
            write_pending(hold, sync);
            busy_ = false;
            progress_.notify_all();
        }
    }

    void refuse_if_poisoned() const {
        if (poison_ == nullptr) return;
        sqlstate code = errc::io_error;
        std::string message = "the commit log cannot be written any more: ";
        try {
            std::rethrow_exception(poison_);
        } catch (error const& e) {
            code = e.code;
            message += e.message;
        } catch (std::exception const& e) {
            message += e.what();
        }
        throw error(code, std::move(message))
            .with_hint(
                "What the disk holds is not known. Find out what is wrong with it, then open the database again.");
    }

    /// Each waiter gets an exception of its own.
    [[noreturn]] static void throw_again(std::exception_ptr const& reason) {
        try {
            std::rethrow_exception(reason);
        } catch (error const& e) {
            throw error(e);
        }
    }

    /// Writes what is pending, and syncs. Called by one thread at a time with the lock, which it lets go meanwhile. Throws
    /// nothing: a failure is kept for those who wait, and keeping it takes no memory.
    void write_pending(std::unique_lock<std::mutex>& hold, bool sync) noexcept {
        std::vector<group> groups = std::exchange(pending_, {});
        lsn_type const last = last_;
        lsn_type done = written_;
        std::exception_ptr failure;
        bool lacks_room = false;
        std::size_t n = 0;
        hold.unlock();
        try {
            for (; n < groups.size(); ++n) {
                write(groups[n]);
                done = groups[n].last;
            }
            if (sync) sync_file();
        } catch (error const& e) {
            failure = std::current_exception();
            lacks_room = e.code == errc::disk_full;
        } catch (std::bad_alloc const&) {
            failure = std::current_exception();
            lacks_room = true;
        } catch (...) {
            failure = std::current_exception();
        }
        hold.lock();
        statistics_.groups += n;
        if (failure == nullptr) {
            written_ = last;
            if (sync || !options_.sync) durable_ = last;
            if (sync) ++statistics_.syncs;
        } else if (syncing_ || !lacks_room) {
            poison(failure);
        } else {
            written_ = kept_ = done;
            refuse_from(groups[n], failure);
        }
    }

    void write(group const& g) {
        if (g.new_segment) {
            sync_file();
            begin_segment(g.at.segment, g.previous, g.identity);
        }
        std::uint64_t const end = g.at.offset + g.bytes.size();
        if (end > filled_ && g.bytes.size() < options_.fill_ahead_bytes) {
            std::uint64_t const whole = std::max(options_.segment_bytes, end);
            std::string const zeros(std::min(std::max(filled_ + options_.fill_ahead_bytes, end), whole) - filled_,
                                    '\0');
            file_->write_at(filled_, zeros);
            filled_ += zeros.size();
        }
        file_->write_at(g.at.offset, g.bytes);
        filled_ = std::max(filled_, end);
    }

    /// A failure in here is final: `syncing_` stays set.
    void sync_file() {
        syncing_ = true;
        file_->sync();
        syncing_ = false;
    }

    detail::segment_identity fresh_identity(std::uint64_t number) {
        std::array<char, 4> salt{};
        environment_.fill_random(salt);
        return detail::identity_of(number, codec::load_fixed<std::uint32_t>(salt.data()));
    }

    void begin_segment(std::uint64_t number, lsn_type previous, detail::segment_identity identity) {
        std::string const path = path_of(detail::segment_name(number));
        std::optional<std::uint64_t> const spare = take_spare();
        std::string const made = spare ? path_of(detail::spare_name(*spare)) : path;
        try {
            auto file = environment_.open(made, spare ? env::open_mode::write : env::open_mode::create);
            file.write_at(0, detail::make_header({number, previous, identity}));
            file.sync();
            if (spare) {
                environment_.rename(made, path);
                file = environment_.open(path, env::open_mode::write);  // so that errors tell its name
            }
            environment_.sync_directory(directory_);
            std::uint64_t const size = file.size();
            std::lock_guard const hold(mutex_);
            segments_.push_back({number, previous, identity});
            ++(spare ? statistics_.segments_recycled : statistics_.segments_made);
            has_room_ = has_room_ || !spare;
            file_.emplace(std::move(file));
            filled_ = size;
        } catch (...) {
            environment_.remove(made);
            if (spare) environment_.remove(path);
            throw;
        }
        file_segment_ = number;
        file_identity_ = identity;
    }

    std::optional<std::uint64_t> take_spare() {
        std::lock_guard const hold(mutex_);
        if (spares_.empty()) return std::nullopt;
        std::uint64_t const number = spares_.back();
        spares_.pop_back();
        return number;
    }

    /// Makes spare files of these segments, or removes them. One thread at a time.
    void retire(std::vector<std::uint64_t> const& numbers) {
        if (numbers.empty()) return;
        std::vector<std::uint64_t> kept;
        for (std::uint64_t const number : numbers) {
            std::string const path = path_of(detail::segment_name(number));
            if (wants_spare(kept.size()) && is_fit(path)) {
                environment_.rename(path, path_of(detail::spare_name(number)));
                kept.push_back(number);
            } else {
                environment_.remove(path);
            }
            std::lock_guard const hold(mutex_);
            forget_closed(number);
        }
        environment_.sync_directory(directory_);
        std::lock_guard const hold(mutex_);
        spares_.insert(spares_.end(), kept.begin(), kept.end());
    }

    bool wants_spare(std::size_t coming) const {
        std::lock_guard const hold(mutex_);
        return has_room_ && spares_.size() + coming < options_.recycled_segments;
    }

    /// Whether a file may be recycled: one that a huge record made large would waste the space for ever.
    bool is_fit(std::string const& path) {
        return environment_.open(path, env::open_mode::read).size() <= options_.segment_bytes;
    }

    /// Room ran out at `failed`: it and everything appended since is refused; the next append goes to its place.
    void refuse_from(group const& failed, std::exception_ptr const& reason) {
        refused_.push_back({failed.first, last_, reason});
        pending_.clear();
        rotate_next_ = file_segment_ != failed.at.segment;
        identity_ = file_identity_;
        end_ = rotate_next_ ? position{failed.at.segment - 1, closed_[failed.at.segment - 1]} : failed.at;
        while (!closed_.empty() && closed_.rbegin()->first >= end_.segment) forget_closed(closed_.rbegin()->first);
        if (rotate_next_) return;
        try {  // what was written of it must come back neither after a restart nor after a loss of power
            file_->truncate(filled_);
            constexpr char zeros[detail::record_header_bytes]{};
            if (end_.offset < filled_)
                file_->write_at(end_.offset, {zeros, std::min<std::uint64_t>(sizeof zeros, filled_ - end_.offset)});
            sync_file();
        } catch (...) {
            poison(std::current_exception());
        }
    }

    void forget_closed(std::uint64_t number) {
        if (auto const closed = closed_.extract(number)) closed_bytes_ -= closed.mapped();
    }

    void poison(std::exception_ptr reason) {
        poison_ = std::move(reason);
        pending_.clear();
    }

    /// Says behind the last record that it is durable, so that damage to it is not taken for a torn tail. Nothing depends on it.
    void write_marker() noexcept {
        char marker[detail::record_header_bytes]{};
        codec::store_fixed(marker + 8, kept_);
        codec::store_fixed(marker + 16, kept_);
        codec::store_fixed(marker + 24, static_cast<std::uint64_t>(file_identity_));
        codec::store_fixed(marker + 4, detail::record_checksum(marker, codec::crc32c({})));
        try {
            file_->write_at(end_.offset, {marker, sizeof marker});
            filled_ = std::max<std::uint64_t>(filled_, end_.offset + sizeof marker);
        } catch (std::exception const&) {  // the disk may be full
        }
    }

    // ---- opening ----

    void recover(lsn_type after, log_reader const& replay) {
        std::vector<std::string> const all = environment_.list(directory_);
        std::vector<std::string> names = with_prefix(all, detail::segment_prefix);
        bool const anywhere = after == wherever_it_begins;
        if (anywhere) after = 0;
        if (anywhere) leftovers_ = take_below_gap(names);
        std::vector<std::uint64_t> const unneeded = take_unneeded(names, after);
        adopt_spares(with_prefix(all, detail::spare_prefix), names, unneeded);
        retire(unneeded);
        lsn_type last = 0;
        lsn_type proven = 0;  // some record says that this one is durable
        for (std::size_t i = 0; i < names.size(); ++i) {
            std::uint64_t const number = number_of(names[i]);
            bool const newest = i + 1 == names.size();
            std::string bytes = read_file(names[i]);
            std::optional<detail::segment> const header = detail::parse_header(bytes, number);
            if (!header) {
                // A crash while the file was made leaves this; so does damage, but then there are records.
                bool const first_ever = number == 1 && after == 0;
                if (!newest || (i == 0 && !first_ever) || detail::holds_records(bytes, number))
                    throw_damaged(names[i], 0, last);
                environment_.remove(path_of(names[i]));
                environment_.sync_directory(directory_);
                if (i > 0) finish_segment(names[i - 1], read_file(names[i - 1]), last, proven);
                break;
            }
            if (i == 0 && anywhere) after = header->previous;
            if (i == 0 && header->previous > after) throw_missing(names[i], after, header->previous);
            if (i > 0 && (header->previous != last || number != segments_.back().number + 1)) {
                throw_damaged(names[i - 1], end_.offset, last);
            }
            segments_.push_back(*header);
            last = header->previous;
            identity_ = header->identity;
            end_ = {number, detail::scan(bytes, identity_, last, [&](detail::log_record const& record) {
                        proven = std::max(proven, record.synced);
                        if (record.lsn > after && replay) replay(record.lsn, record.payload);
                    })};
            if (newest) {
                finish_segment(names[i], bytes, last, proven);
            } else {
                closed_[number] = end_.offset;
                closed_bytes_ += end_.offset;
            }
        }
        if (segments_.empty()) {
            if (after != 0) throw_missing(directory_, 0, after);
            identity_ = fresh_identity(1);
            begin_segment(1, 0, identity_);
            end_ = {1, detail::segment_header_bytes};
        } else if (last < after) {
            throw_missing(names.back(), last, after);
        }
        last_ = kept_ = written_ = durable_ = last;
        write_marker();
    }

    /// Those of `names` that are `prefix` and a number.
    static std::vector<std::string> with_prefix(std::vector<std::string> const& names, std::string_view prefix) {
        std::vector<std::string> found;
        for (std::string const& name : names) {
            if (name.size() == prefix.size() + 16 && name.starts_with(prefix) &&
                name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string::npos)
                found.push_back(name);
        }
        return found;
    }

    /// Takes the segments from `names` that hold only records up to `after`.
    std::vector<std::uint64_t> take_unneeded(std::vector<std::string>& names, lsn_type after) {
        std::size_t first = 0;
        for (std::size_t i = names.size(); i-- > 1 && first == 0;) {
            char bytes[detail::segment_header_bytes];
            auto const file = environment_.open(path_of(names[i]), env::open_mode::read);
            std::size_t const size = file.read_at(0, bytes);
            auto const header = detail::parse_header({bytes, size}, number_of(names[i]));
            if (header && header->previous <= after) first = i;
        }
        std::vector<std::uint64_t> unneeded;
        for (std::size_t i = 0; i < first; ++i) unneeded.push_back(number_of(names[i]));
        names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(first));
        return unneeded;
    }

    /// Takes the segments from `names` that are followed by ones that are gone, as when a loss of power came while they were being
    /// removed, or when somebody has removed a file. Which of the two it was is for the owner of the log to find out.
    static std::vector<std::uint64_t> take_below_gap(std::vector<std::string>& names) {
        std::size_t first = names.size();
        while (first > 0 && (first == names.size() || number_of(names[first - 1]) + 1 == number_of(names[first])))
            --first;
        std::vector<std::uint64_t> below;
        for (std::size_t i = 0; i < first; ++i) below.push_back(number_of(names[i]));
        names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(first));
        return below;
    }

    /// Takes over the spare files that are there. One whose number a segment has, or may get, was never made by truncating.
    void adopt_spares(std::vector<std::string> const& spares, std::vector<std::string> const& segments,
                      std::vector<std::uint64_t> const& unneeded) {
        for (std::string const& name : spares) {
            std::uint64_t const number = number_of(name);
            bool const truncated = !segments.empty() && number < number_of(segments.front()) &&
                                   std::find(unneeded.begin(), unneeded.end(), number) == unneeded.end();
            if (truncated && wants_spare(0) && is_fit(path_of(name))) {
                spares_.push_back(number);
            } else {
                environment_.remove(path_of(name));
            }
        }
        if (!spares.empty()) environment_.sync_directory(directory_);  // the renaming may not have been synced
    }

    /// Opens the last segment for writing, cuts what is behind its last record if need be, and makes the rest durable.
    void finish_segment(std::string const& name, std::string const& bytes, lsn_type last, lsn_type proven) {
        if (detail::proves_loss(bytes, end_.offset, identity_, last)) throw_damaged(name, end_.offset, last);
        file_segment_ = end_.segment;
        file_identity_ = identity_;
        file_.emplace(environment_.open(path_of(name), env::open_mode::write));
        filled_ = bytes.size();
        std::uint64_t rest = end_.offset;
        auto const behind = detail::parse_record(std::string_view(bytes).substr(rest), identity_);
        if (behind && behind->payload.empty() && behind->lsn == last) rest += behind->size;  // the marker
        if (detail::may_hold_records(bytes, rest, identity_)) {
            file_->truncate(end_.offset);
            filled_ = end_.offset;
        }
        std::uint64_t const from = detail::unproven_from(bytes, end_.offset, proven);
        file_->write_at(from, std::string_view(bytes).substr(from, end_.offset - from));
        file_->sync();
        environment_.sync_directory(directory_);
    }

    static std::uint64_t number_of(std::string const& name) { return detail::number_of(name); }

    bool has_segment(std::uint64_t number) const {
        std::lock_guard const hold(mutex_);
        return std::any_of(segments_.begin(), segments_.end(),
                           [&](detail::segment const& s) { return s.number == number; });
    }

    std::string path_of(std::string const& name) const { return env::join(directory_, name); }

    std::string read_file(std::string const& name) {
        auto const file = environment_.open(path_of(name), env::open_mode::read);
        std::string bytes(file.size(), '\0');
        bytes.resize(file.read_at(0, bytes));
        return bytes;
    }

    [[noreturn]] void throw_damaged(std::string const& name, std::uint64_t offset, lsn_type last) const {
        throw error(errc::data_corrupted, "commit log file \"" + env::join(directory_, name) +
                                              "\" is damaged at offset " + std::to_string(offset))
            .with_detail("Commits after LSN " + std::to_string(last) + " were acknowledged and cannot be read.")
            .with_hint(
                "Restore the directory from a backup. Or give up all commits after that one: keep a copy, truncate "
                "this file to " +
                std::to_string(offset) +
                " bytes (or remove it, if that is 0), and remove the log files with higher numbers.");
    }
    [[noreturn]] void throw_missing(std::string const& name, lsn_type have, lsn_type need) const {
        throw error(errc::data_corrupted, "the commit log in \"" + directory_ + "\" is incomplete")
            .with_detail("Records from LSN " + std::to_string(have + 1) + " to " + std::to_string(need) +
                         " are missing; see \"" + name + "\".")
            .with_hint("Restore the missing files, or the whole directory from a backup.");
    }

    static constexpr std::uint64_t most_payload = 0xffff'f000u - detail::record_header_bytes;

    Environment& environment_;
    std::string directory_;
    local_log_options options_;

    mutable std::mutex mutex_;
    std::mutex truncating_;  // taken before the other
    std::condition_variable progress_;
    bool busy_ = false;  // somebody writes; then only that thread touches the last five members
    std::size_t readers_ = 0;
    std::vector<std::uint64_t> spares_;  // numbers of files that may be overwritten
    bool has_room_ = true;               // to keep spare files
    std::vector<detail::segment> segments_;
    std::vector<std::uint64_t> leftovers_;  // numbers of files that `truncate` was interrupted at, as it seems
    std::vector<group> pending_;
    position end_;                         // where the next record goes
    detail::segment_identity identity_{};  // of the segment that is in
    bool rotate_next_ = false;
    lsn_type last_ = 0;  // given out
    lsn_type kept_ = 0;  // given out and not refused
    lsn_type written_ = 0;
    lsn_type durable_ = 0;
    std::map<std::uint64_t, std::uint64_t> closed_;  // bytes of the segments before the one `end_` is in
    std::uint64_t closed_bytes_ = 0;
    std::vector<refused> refused_;
    std::exception_ptr poison_;
    log_statistics statistics_;

    std::optional<typename Environment::file_type> file_;
    std::uint64_t file_segment_ = 0;
    detail::segment_identity file_identity_{};
    bool syncing_ = false;
    std::uint64_t filled_ = 0;  // bytes of the file that exist
};

}  // namespace phantomdb::storage
