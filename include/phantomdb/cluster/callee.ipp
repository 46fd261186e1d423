// A connection that a peer has opened. Part of transport.ipp. Everything runs on the transport's thread.
#pragma once

#include <phantomdb/cluster/links.ipp>

#include <array>

namespace phantomdb::cluster {

namespace links {

/// A connection somebody has opened.
class callee : public std::enable_shared_from_this<callee> {
public:
    /// Judges who calls; anything but `refusal::none` ends the call.
    using judge = std::function<hello_reply(callee&, hello const&)>;

    callee(shared_part& shared, tcp::socket socket, judge judge_hello)
        : shared_(shared),
          judge_(std::move(judge_hello)),
          wire_(std::move(socket), shared.tls, shared.encrypts()),
          last_sign_(steady::now()) {}

    void begin() {
        error_code ignored;
        wire_.socket().set_option(tcp::no_delay(true), ignored);
        wire_.handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code failed) {
            if (failed) return self->end("TLS failed: " + failed.message());
            self->last_sign_ = steady::now();
            self->read();
        });
    }

    hello const& who() const { return who_; }
    bool greeted() const { return greeted_; }
    bool ended() const { return ended_; }
    bool has_certificate_of(node_id node) { return wire_.is(node, shared_.options.cluster); }

    void look_after(steady::time_point now) {
        auto const patience = greeted_ ? shared_.options.silence_limit : shared_.options.connect_timeout;
        if (now - last_sign_ > patience) end("nothing was heard of it for too long");
    }
    void end(std::string const& why) {
        if (ended_) return;
        ended_ = true;
        wire_.close();
        if (refused_) return;  // told already
        if (greeted_) return shared_.tell(transport_event::kind::closed, who_.from, why);
        count_refused(who_.from, why);
    }

private:
    void count_refused(node_id node, std::string const& why) {
        {
            std::lock_guard hold(shared_.mutex);
            ++shared_.totals.refused_callers;
        }
        shared_.tell(transport_event::kind::refused_caller, node, why);
    }

    void read() {
        wire_.read_some(wire_.in.room(), [self = shared_from_this()](error_code failed, std::size_t bytes) {
            if (self->ended_) return;
            if (failed) return self->end("the connection was lost: " + failed.message());
            self->take(bytes);
        });
    }
    void take(std::size_t bytes) {
        wire_.in.arrived(bytes);
        last_sign_ = steady::now();
        std::uint64_t frames = 0;
        try {
            while (auto got = wire_.in.next()) {
                ++frames;
                std::visit([this](auto& value) { hear(value); }, *got);
                if (ended_) return;
                if (refused_) return write();  // and nothing more is read
            }
        } catch (error const& said) {
            return end(said.message + ": " + said.detail);
        }
        {
            std::lock_guard hold(shared_.mutex);
            shared_.totals.received_frames += frames;
            shared_.totals.received_bytes += bytes;
        }
        last_sign_ = steady::now();  // a handler that took its time is not the peer's silence
        write();
        read();
    }

    void hear(hello const& said) {
        raft::wire::require(!greeted_, "It greets twice.");
        who_ = said;
        hello_reply const reply = judge_(*this, said);
        append_frame(out_, reply);
        if (reply.why != refusal::none) {
            refused_ = true;
            return count_refused(said.from, std::string(name_of(reply.why)) + ": " + reply.message);
        }
        greeted_ = true;
        wire_.in.allow(shared_.options.limits);
        shared_.tell(transport_event::kind::accepted, said.from, said.use == lane::urgent ? "urgent" : "bulk");
    }
    void hear(hello_reply const&) { raft::wire::require(false, "It answers what nobody asked."); }
    void hear(pong const&) { raft::wire::require(false, "It answers what nobody asked."); }
    void hear(ping const& asked) {
        raft::wire::require(greeted_, "It does not greet.");
        raft::wire::require(out_.size() < 4096, "It asks and does not read the answers.");
        append_frame(out_, pong{asked.number});
    }
    void hear(raft::message& m) {
        // A follower passes on what another node has asked it; everything else is its own.
        bool const forwarded = m.kind == raft::message_kind::propose || m.kind == raft::message_kind::read_index ||
                               m.kind == raft::message_kind::transfer_leader;
        check_names(forwarded ? who_.from : m.from, m.to);
        if (shared_.handlers.message) shared_.handlers.message(std::move(m));
    }
    void hear(image_piece& piece) {
        check_names(piece.from, piece.to);
        if (shared_.handlers.piece) shared_.handlers.piece(std::move(piece));
    }
    void hear(image_piece_reply& reply) {
        check_names(reply.from, reply.to);
        if (shared_.handlers.piece_reply) shared_.handlers.piece_reply(std::move(reply));
    }
    void check_names(node_id from, node_id to) const {
        raft::wire::require(greeted_, "It does not greet.");
        raft::wire::require(from == who_.from, "It is sent in another node's name.");
        raft::wire::require(to == shared_.options.node, "It is for another node.");
    }

    void write() {
        if (writing_ || out_.empty() || ended_) return;
        writing_ = true;
        wire_.writing.swap(out_);
        out_.clear();
        written_ = 0;
        write_rest();
    }
    void write_rest() {
        wire_.write_some(asio::buffer(wire_.writing.data() + written_, wire_.writing.size() - written_),
                         [self = shared_from_this()](error_code failed, std::size_t bytes) {
                             if (self->ended_) return;
                             if (failed) return self->end("the connection was lost: " + failed.message());
                             self->written_ += bytes;
                             if (self->written_ < self->wire_.writing.size()) return self->write_rest();
                             self->writing_ = false;
                             if (self->refused_) return self->hang_up();
                             self->write();
                         });
    }
    /// The refusal is on its way; what the caller has still sent must not make the system throw it away.
    void hang_up() {
        error_code ignored;
        wire_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        drain();
    }
    void drain() {
        wire_.socket().async_read_some(asio::buffer(drained_),
                                       [self = shared_from_this()](error_code failed, std::size_t) {
                                           if (self->ended_) return;
                                           if (!failed) return self->drain();
                                           self->end("refused");
                                       });
    }

    shared_part& shared_;
    judge judge_;
    wire wire_;
    std::string out_;
    std::size_t written_ = 0;
    std::array<char, 4096> drained_{};
    hello who_;
    bool greeted_ = false, refused_ = false, writing_ = false, ended_ = false;
    steady::time_point last_sign_;
};

}  // namespace links

}  // namespace phantomdb::cluster
