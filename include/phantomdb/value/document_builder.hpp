/// @file Defines `document_builder`, which writes jsonb values.
#pragma once

#include <phantomdb/value/document_view.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb {

/// Writes one jsonb value from inside out. Not thread-safe. Calls must nest as the value does: in an object each value
/// follows its `key`. Of several members with one key the last stays. A container costs one copy of its content.
class document_builder {
public:
    void null();
    void boolean(bool value);
    void number(std::int64_t value);
    /// The number must be finite.
    void number(numeric value);
    /// A number in the syntax of JSON, exactly. Throws 22003 where its exponent is beyond reason.
    void number(std::string_view text);
    void string(std::string_view text);
    /// A copy of a whole value.
    void value(document_view document);

    void begin_array() { open(false); }
    void begin_object() { open(true); }
    void key(std::string_view name);
    void end_array() { close(); }
    void end_object() { close(); }

    /// The finished value; the builder is empty again.
    std::string take();

private:
    struct child {
        std::size_t key_begin, key_size;  // in keys_
        std::size_t begin;                // of the value in bytes_
    };
    struct frame {
        bool is_object;
        std::size_t first_child, keys_begin, begin;
    };

    void head(document_kind kind, unsigned code);
    void store(std::uint64_t value, std::size_t width);
    void scalar(document_kind kind);
    void sized(document_kind kind, std::string_view text);
    void begin_value();
    void open(bool is_object);
    void close();

    std::string bytes_, keys_, payload_;
    std::vector<child> children_;
    std::vector<frame> frames_;
};

}  // namespace phantomdb
