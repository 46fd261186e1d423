/// @file What lies between the nodes of a test: how they reach each other, and how that is broken.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace phantomdb::test {

enum class behaviour {
    pass,
    cut,    ///< refuses what is new, and says so
    stall,  ///< swallows everything: as a cable that was pulled
};

class ways {
public:
    virtual ~ways() = default;

    /// Makes the ways of one more node, whose number no other has. `port` is where it listens to the others.
    virtual void add(int node, int port) = 0;
    /// The same for one that is to join those that run. Whether its ways can be broken.
    virtual bool add_later(int node, int port) {
        add(node, port);
        return true;
    }
    /// Before the command that starts a node.
    virtual std::vector<std::string> prefix(int /*node*/) const { return {}; }
    /// After it.
    virtual std::vector<std::string> options(int /*node*/) { return {}; }
    /// Where `to` listens to the others.
    virtual std::string address(int to) const = 0;
    /// Where `from` finds `to`.
    virtual std::string address(int /*from*/, int to) const { return address(to); }

    /// What becomes of all that `from` sends to `to`.
    virtual void behave(int from, int to, behaviour how) = 0;
    /// All that it sends takes so much longer.
    virtual void slow(int node, std::chrono::milliseconds by) = 0;
    virtual void heal() = 0;
};

}  // namespace phantomdb::test
