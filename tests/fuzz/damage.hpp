/// @file Defines `damaged`: bytes as a bad line or a hostile peer might make of sound ones.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace phantomdb::test {

/// `bytes` with up to four changes: a byte replaced or put in, a bit flipped, the end cut off.
inline std::string damaged(std::string bytes, std::mt19937& random) {
    for (unsigned change = random() % 5; change > 0; --change) {
        std::size_t const place = random() % bytes.size();
        switch (random() % 4) {
            case 0: bytes[place] = static_cast<char>(random()); break;
            case 1: bytes.resize(place + 1); break;
            case 2: bytes.insert(place, 1, static_cast<char>(random())); break;
            default: bytes[place] = static_cast<char>(bytes[place] ^ (1 << random() % 8)); break;
        }
    }
    return bytes;
}

}  // namespace phantomdb::test
