// The connection that this node opens to a peer and sends on. Part of transport.ipp. Everything runs on the transport's thread except
// `caller::offer`.
#pragma once

#include <phantomdb/cluster/links.ipp>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>

namespace phantomdb::cluster {

namespace links {

/// A lane to a peer. Opens its connection for as long as it lives, whether there is something to send or not: whoever has to send
/// finds it open.
class caller : public std::enable_shared_from_this<caller> {
public:
    using item = std::variant<raft::message, image_piece, image_piece_reply>;

    caller(shared_part& shared, node_id node, lane use)
        : shared_(shared), node_(node), use_(use), pause_timer_(shared.loop), resolver_(shared.loop) {}

    /// From any thread, with the lock held. Whether it is queued.
    bool offer(item what, std::size_t bytes) {
        std::size_t const limit =
            use_ == lane::urgent ? shared_.options.urgent_queue_bytes : shared_.options.bulk_queue_bytes;
        if (!open_for_items_ || (!queue_.empty() && queued_bytes_ + bytes > limit)) {
            ++numbers_.dropped;
            // Where there is no connection, the failure to get one tells it.
            if (open_for_items_ && !overflow_told_) {
                overflow_told_ = true;
                asio::post(shared_.loop, [self = shared_from_this()] { self->tell_unreachable(); });
            }
            return false;
        }
        queue_.emplace_back(std::move(what), bytes);
        queued_bytes_ += bytes;
        if (!wake_is_due_) {
            wake_is_due_ = true;
            asio::post(shared_.loop, [self = shared_from_this()] { self->send_more(); });
        }
        return true;
    }
    /// With the lock held.
    lane_statistics numbers() const {
        lane_statistics made = numbers_;
        made.queued_bytes = queued_bytes_;
        return made;
    }

    /// Calls `address`, now; breaks what there is.
    void call(std::string address) {
        address_ = std::move(address);
        drop_connection("it has moved");
        failed_in_a_row_ = 0;
        connect();
    }
    void end() {
        ended_ = true;
        drop_connection("ended");
        pause_timer_.cancel();
        resolver_.cancel();
    }

    /// Now and then: whether the other side is still there, and whether an attempt has taken too long.
    void look_after(steady::time_point now) {
        if (at_ == stage::calling && now > deadline_) return fail("it does not answer in time");
        if (at_ != stage::open) return;
        if (now - last_sign_ > shared_.options.silence_limit) return fail("nothing was heard of it for too long");
        if (now - last_ping_ >= shared_.options.ping_interval && pings_unanswered_ < 8) {
            last_ping_ = now, ++pings_unanswered_;
            append_frame(out_, ping{static_cast<std::uint64_t>(now.time_since_epoch().count())});
            send_more();
        }
    }

private:
    enum class stage : std::uint8_t { calling, open, pausing };

    /// A handler that does nothing once the connection it was for is gone, and reports errors. Keeps what it uses alive.
    template <class Then>
    auto guarded(char const* what, Then then) {
        return [self = shared_from_this(), held = wire_, attempt = attempt_, what, then](error_code failed,
                                                                                         auto const&... result) {
            if (self->attempt_ != attempt) return;
            if (failed) return self->fail(std::string(what) + ": " + failed.message());
            then(result...);
        };
    }

    void connect() {
        if (ended_) return;
        at_ = stage::calling;
        deadline_ = steady::now() + shared_.options.connect_timeout;
        {
            std::lock_guard hold(shared_.mutex);
            open_for_items_ = true;
        }
        auto const target = env::parse_address(address_);
        PHANTOMDB_ASSERT(target);  // judged when it was given
        error_code not_a_number;
        auto const number = asio::ip::make_address(target->host, not_a_number);
        if (!not_a_number) {
            return connect_to(
                tcp::resolver::results_type::create(tcp::endpoint(number, target->port), target->host, ""));
        }
        resolver_.async_resolve(target->host, std::to_string(target->port),
                                [self = shared_from_this(), attempt = attempt_](error_code failed, auto const& found) {
                                    if (self->attempt_ != attempt) return;
                                    if (failed) return self->fail("its name is not known: " + failed.message());
                                    self->connect_to(found);
                                });
    }

    void connect_to(tcp::resolver::results_type const& endpoints) {
        if (!shared_.encrypts() && !shared_.options.plaintext_beyond_loopback) {
            for (auto const& found : endpoints) {
                if (!is_loopback(found.endpoint().address())) {
                    return fail("it is on another machine, and there are no certificates");
                }
            }
        }
        wire_ = std::make_shared<wire>(tcp::socket(shared_.loop), shared_.tls, shared_.encrypts());
        asio::async_connect(wire_->socket(), endpoints,
                            guarded("could not connect", [this](auto const&) { shake_hands(); }));
    }

    void shake_hands() {
        error_code ignored;
        wire_->socket().set_option(tcp::no_delay(true), ignored);
        wire_->handshake(asio::ssl::stream_base::client, guarded("TLS failed", [this] { greet(); }));
    }

    void greet() {
        if (node_ != raft::nobody && !wire_->is(node_, shared_.options.cluster))
            return fail("its certificate is another node's");
        wire_->in.allow(shared_.options.limits);
        out_.clear();
        append_frame(out_, hello{shared_.options.cluster, shared_.options.node, node_, use_, shared_.process,
                                 shared_.options.advertise, oldest_protocol_version, protocol_version,
                                 shared_.options.clients, shared_.options.data, shared_.options.joins});
        write();
        read();
    }

    void read() {
        wire_->read_some(wire_->in.room(), guarded("the connection was lost", [this](std::size_t bytes) {
                             wire_->in.arrived(bytes);
                             last_sign_ = steady::now();
                             try {
                                 while (auto const got = wire_->in.next()) {
                                     if (!hear(*got)) return;
                                 }
                             } catch (error const& said) {
                                 return fail(said.message + ": " + said.detail);
                             }
                             read();
                         }));
    }

    /// False where the connection is gone for it.
    bool hear(frame const& got) {
        if (auto const* reply = std::get_if<hello_reply>(&got); reply && at_ == stage::calling) {
            if (reply->why != refusal::none || reply->protocol < oldest_protocol_version ||
                reply->protocol > protocol_version) {
                shared_.tell(transport_event::kind::refused, node_,
                             std::string(name_of(reply->why)) + ": " + reply->message);
                fail("it refuses this node: " + std::string(name_of(reply->why)));
                return false;
            }
            if (node_ == raft::nobody) {  // that was the question
                if (shared_.handlers.met) shared_.handlers.met(address_, *reply);
                end();
                return false;
            }
            at_ = stage::open;
            failed_in_a_row_ = 0;
            last_ping_ = steady::now(), pings_unanswered_ = 0;
            {
                std::lock_guard hold(shared_.mutex);
                ++numbers_.connections;
                numbers_.connected = true;
            }
            shared_.tell(transport_event::kind::connected, node_, use_ == lane::urgent ? "urgent" : "bulk");
            send_more();
            return true;
        }
        if (auto const* answer = std::get_if<pong>(&got); answer && at_ == stage::open) {
            pings_unanswered_ = 0;
            steady::time_point const sent{steady::duration(static_cast<steady::rep>(answer->number))};
            auto const trip = std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - sent);
            std::lock_guard hold(shared_.mutex);
            numbers_.round_trip = trip;
            return true;
        }
        fail("it sends what nobody asked for");
        return false;
    }

    void send_more() {
        std::vector<item> batch;
        {
            std::lock_guard hold(shared_.mutex);
            wake_is_due_ = false;
            if (at_ != stage::open || writing_) return;  // it goes on when that changes
            std::size_t bytes = 0;
            while (!queue_.empty() && bytes < batch_bytes) {
                bytes += queue_.front().second;
                queued_bytes_ -= queue_.front().second;
                batch.push_back(std::move(queue_.front().first));
                queue_.pop_front();
            }
            overflow_told_ = overflow_told_ && !queue_.empty();
        }
        std::uint64_t too_large = 0;
        for (item const& each : batch) {
            try {
                std::visit([this](auto const& value) { append_frame(out_, value, shared_.options.limits); }, each);
            } catch (error const& said) {
                ++too_large;
                shared_.tell(transport_event::kind::dropped, node_, said.message + ": " + said.detail);
            }
        }
        {
            std::lock_guard hold(shared_.mutex);
            numbers_.dropped += too_large;
            numbers_.frames += batch.size() - too_large;
            numbers_.bytes += out_.size();
        }
        if (too_large > 0) tell_unreachable();
        if (!out_.empty()) write();
    }

    void write() {
        writing_ = true;
        wire_->writing.swap(out_);
        out_.clear();
        written_ = 0;
        write_rest();
    }
    void write_rest() {
        wire_->write_some(asio::buffer(wire_->writing.data() + written_, wire_->writing.size() - written_),
                          guarded("the connection was lost", [this](std::size_t bytes) {
                              written_ += bytes;
                              if (written_ < wire_->writing.size()) {
                                  // The other side has read something: a large frame may take longer than a ping.
                                  last_sign_ = steady::now();
                                  return write_rest();
                              }
                              if (wire_->writing.capacity() > 4 * batch_bytes) std::string().swap(wire_->writing);
                              writing_ = false;
                              send_more();
                          }));
    }

    void tell_unreachable() {
        if (!ended_ && shared_.handlers.unreachable) shared_.handlers.unreachable(node_);
    }

    void drop_connection(std::string why, bool tell_attempts = false) {
        ++attempt_;
        bool worth_telling = tell_attempts && failed_in_a_row_ == 0;
        {
            std::lock_guard hold(shared_.mutex);
            if (std::exchange(numbers_.connected, false)) worth_telling = true;
            open_for_items_ = false;
            numbers_.dropped += queue_.size();
            queue_.clear();
            queued_bytes_ = 0;
            overflow_told_ = false;
            numbers_.last_failure = why;
        }
        if (wire_) wire_->close();
        wire_.reset();
        writing_ = false;
        out_.clear();
        at_ = stage::pausing;
        if (worth_telling) shared_.tell(transport_event::kind::lost, node_, std::move(why));
    }

    void fail(std::string why) {
        drop_connection(std::move(why), true);
        {
            std::lock_guard hold(shared_.mutex);
            ++numbers_.failures;
        }
        tell_unreachable();
        if (ended_) return;
        auto pause = shared_.options.first_pause * (1 << std::min(failed_in_a_row_++, 10));
        pause = std::min<std::chrono::milliseconds>(pause, shared_.options.longest_pause);
        // Between half of it and all of it.
        std::uniform_int_distribution<std::chrono::milliseconds::rep> some(pause.count() / 2, pause.count());
        pause_timer_.expires_after(std::chrono::milliseconds(some(shared_.random)));
        pause_timer_.async_wait([self = shared_from_this(), attempt = attempt_](error_code cancelled) {
            if (!cancelled && self->attempt_ == attempt) self->connect();
        });
    }

    static constexpr std::size_t batch_bytes = 256u << 10;

    shared_part& shared_;
    node_id node_;
    lane use_;
    std::string address_;
    asio::steady_timer pause_timer_;
    tcp::resolver resolver_;
    std::shared_ptr<wire> wire_;
    std::string out_;
    std::size_t written_ = 0;
    std::uint64_t attempt_ = 0;
    stage at_ = stage::pausing;
    bool writing_ = false, ended_ = false;
    int failed_in_a_row_ = 0, pings_unanswered_ = 0;
    steady::time_point deadline_{}, last_sign_{}, last_ping_{};
    // Under the lock:
    std::deque<std::pair<item, std::size_t>> queue_;
    std::size_t queued_bytes_ = 0;
    bool open_for_items_ = false, wake_is_due_ = false, overflow_told_ = false;
    lane_statistics numbers_;
};

}  // namespace links

}  // namespace phantomdb::cluster
