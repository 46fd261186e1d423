/// @file Defines `value`, a SQL value that knows its type and owns its bytes.
#pragma once

#include <phantomdb/value/datum.hpp>
#include <phantomdb/value/type.hpp>

#include <string>
#include <utility>

namespace phantomdb {

/// A typed value or a typed NULL. Owns text. For parameters, literals and defaults; rows in flight use `datum`.
class value {
public:
    value() = default;
    explicit value(sql_type type) : type_(type) {}
    value(sql_type type, datum raw) : type_(type), null_(false), raw_(raw) {
        if (physical_of(type.id) == physical::text) text_.assign(raw.t);
    }
    value(sql_type type, std::string text) : type_(type), null_(false), text_(std::move(text)) {}

    sql_type type() const { return type_; }
    bool is_null() const { return null_; }

    /// The raw datum; text borrows from this object. Undefined for NULL.
    datum raw() const { return physical_of(type_.id) == physical::text ? datum{std::string_view{text_}} : raw_; }
    nullable_datum get() const { return null_ ? nullable_datum{} : nullable_datum{raw()}; }

private:
    sql_type type_{};
    bool null_ = true;
    datum raw_{};
    std::string text_;
};

}  // namespace phantomdb
