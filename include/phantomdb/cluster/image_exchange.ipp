#include <phantomdb/cluster/replica_state.hpp>

#include <phantomdb/codec/crc32c.hpp>

namespace phantomdb::cluster {

image_exchange::image_exchange(std::string folder, node_id self, callbacks back)
    : folder_(std::move(folder)), self_(self), back_(std::move(back)) {
    sender_ = std::thread([this] { run_sending(); });
    receiver_ = std::thread([this] { run_receiving(); });
}
image_exchange::~image_exchange() { stop(); }

void image_exchange::stop() {
    {
        std::lock_guard const hold(mutex_);
        stopping_ = true;
    }
    wake_.notify_all();
    if (sender_.joinable()) sender_.join();
    if (receiver_.joinable()) receiver_.join();
}

bool image_exchange::is_sending() const {
    std::lock_guard const hold(mutex_);
    return busy_ || !outgoing_.empty();
}

// ---- out ----

void image_exchange::send(sending what) {
    std::lock_guard const hold(mutex_);
    outgoing_.push_back(std::move(what));
    wake_.notify_all();
}
void image_exchange::take(image_piece_reply reply) {
    std::lock_guard const hold(mutex_);
    answer_ = std::move(reply);
    wake_.notify_all();
}

void image_exchange::run_sending() {
    std::unique_lock hold(mutex_);
    for (;;) {
        busy_ = false;
        wake_.wait(hold, [&] { return stopping_ || !outgoing_.empty(); });
        if (stopping_) return;
        sending const what = std::move(outgoing_.front());
        outgoing_.pop_front();
        busy_ = true;
        answer_.reset();
        hold.unlock();
        bool arrived = false;
        try {
            arrived = send_one(what);
        } catch (std::exception const& e) {
            back_.trouble("an image could not be sent to node " + std::to_string(what.to) + ": " + e.what());
        }
        back_.sent(what.to, arrived);
        hold.lock();
    }
}

/// Goes on from wherever the receiver says, so a connection that breaks costs little.
bool image_exchange::send_one(sending const& what) {
    constexpr auto patience = std::chrono::seconds(5);
    auto const file = environment_.open(std::string(what.image->data.view()), env::open_mode::read);
    std::uint64_t const total = file.size();
    std::uint64_t sent = 0, there = 0;
    std::uint32_t checksum = 0;
    std::string bytes;
    int silent = 0;
    std::uint64_t rewound = total;
    std::chrono::steady_clock::time_point rewound_at{};
    for (;;) {
        while (sent < total && sent - there < window_bytes) {
            bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, total - sent)));
            if (file.read_at(sent, bytes) != bytes.size()) return false;
            checksum = codec::crc32c(bytes, checksum);
            image_piece piece;
            piece.from = self_, piece.to = what.to, piece.term = what.term;
            piece.id = what.image->id, piece.members = what.image->members;
            piece.offset = sent, piece.total = total, piece.crc32c = checksum;
            piece.last = sent + bytes.size() == total;
            piece.bytes = bytes;
            if (!back_.send_piece(std::move(piece))) break;  // lost: the receiver will say from where on
            sent += bytes.size();
        }
        std::unique_lock hold(mutex_);
        wake_.wait_for(hold, patience, [&] { return stopping_ || answer_; });
        if (stopping_) return false;
        if (!answer_) {
            if (++silent == 3) return false;
            sent = there;
        } else {
            image_piece_reply const reply = std::move(*answer_);
            answer_.reset();
            if (reply.from != what.to || reply.id != what.image->id) continue;
            silent = 0;
            if (reply.installed) return true;
            if (reply.refused) {
                hold.unlock();
                if (!reply.message.empty())
                    back_.trouble("node " + std::to_string(what.to) + " refuses an image: " + reply.message);
                return false;
            }
            auto const now = std::chrono::steady_clock::now();
            bool const lost =
                reply.message == "again" && (reply.next_offset != rewound || now - rewound_at > patience / 5);
            if (reply.next_offset <= sent && !lost) {
                there = std::max(there, reply.next_offset);
                continue;
            }
            // A piece was lost, or what an attempt before has sent is still there.
            rewound = reply.next_offset, rewound_at = now;
            sent = there = std::min(reply.next_offset, total);
        }
        // The checksum covers everything before: read it again up to there.
        hold.unlock();
        checksum = 0;
        for (std::uint64_t at = 0; at < sent;) {
            bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, sent - at)));
            if (file.read_at(at, bytes) != bytes.size()) return false;
            checksum = codec::crc32c(bytes, checksum);
            at += bytes.size();
        }
    }
}

// ---- in ----

std::string image_exchange::path_of(raft::entry_id id) const {
    return env::join(folder_, "incoming-" + std::to_string(id.term) + "-" + std::to_string(id.index));
}

void image_exchange::take(image_piece piece) {
    std::lock_guard const hold(mutex_);
    if (pieces_.size() > 2 * window_bytes / piece_bytes) return;  // beyond what was agreed on: it will come again
    pieces_.push_back(std::move(piece));
    wake_.notify_all();
}

image_piece_reply image_exchange::reply_to(image_piece const& piece) const {
    image_piece_reply reply;
    reply.from = self_, reply.to = piece.from, reply.id = piece.id;
    return reply;
}

void image_exchange::run_receiving() {
    std::unique_lock hold(mutex_);
    for (;;) {
        wake_.wait(hold, [&] { return stopping_ || !pieces_.empty(); });
        if (stopping_) return;
        image_piece piece = std::move(pieces_.front());
        pieces_.pop_front();
        bool const held = held_;
        hold.unlock();
        try {
            if (!held) receive(piece);
        } catch (std::exception const& e) {
            incoming_ = {};
            auto reply = reply_to(piece);
            reply.refused = true;
            reply.message = e.what();
            back_.send_reply(std::move(reply));
        }
        hold.lock();
    }
}

void image_exchange::receive(image_piece& piece) {
    if (incoming_.id != piece.id || incoming_.from != piece.from || !incoming_.file) {
        for (std::string const& name : environment_.list(folder_)) {
            if (name.starts_with("incoming-")) environment_.remove(env::join(folder_, name));
        }
        incoming_ = {};
        incoming_.id = piece.id, incoming_.from = piece.from;
        incoming_.file.emplace(environment_.open(path_of(piece.id), env::open_mode::create));
    }
    auto reply = reply_to(piece);
    bool const fits = piece.offset == incoming_.bytes;
    if (fits) {
        std::uint32_t const checksum = codec::crc32c(piece.bytes, incoming_.checksum);
        if (checksum != piece.crc32c) {
            throw error(errc::data_corrupted, "a piece of the image arrived damaged");
        }
        incoming_.file->write_at(piece.offset, piece.bytes);
        incoming_.checksum = checksum;
        incoming_.bytes += piece.bytes.size();
    } else if (piece.offset > incoming_.bytes) {
        reply.message = "again";  // a piece before it was lost
    }
    reply.next_offset = incoming_.bytes;
    if (!fits || !piece.last) return void(back_.send_reply(std::move(reply)));

    incoming_.file->sync();
    incoming_.file.reset();
    std::string const path = path_of(piece.id);
    auto const facts = storage::verify_image(environment_, path);
    if (facts.lsn > piece.id.index) throw error(errc::data_corrupted, "the image is of another state than it says");
    std::string const pending = env::join(folder_, "pending");
    environment_.rename(path, pending);
    environment_.sync_directory(folder_);
    {
        std::lock_guard const hold(mutex_);
        held_ = true;
    }
    raft::message m;
    m.kind = raft::message_kind::image;
    m.from = piece.from, m.to = self_, m.term = piece.term;
    m.image = std::make_shared<raft::image const>(raft::image{piece.id, piece.members, raft::payload(pending)});
    back_.arrived(std::move(m));
}

void image_exchange::settled(raft::entry_id id, node_id from, bool installed) {
    {
        std::lock_guard const hold(mutex_);
        held_ = false;
    }
    image_piece_reply reply;
    reply.from = self_, reply.to = from, reply.id = id;
    reply.installed = installed;
    reply.refused = !installed;
    back_.send_reply(std::move(reply));
}

}  // namespace phantomdb::cluster
