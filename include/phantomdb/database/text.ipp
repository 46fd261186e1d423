/// @file Defines what database/text.hpp declares.
#pragma once

#include <phantomdb/database/text.hpp>
#include <phantomdb/value/text_io.hpp>

namespace phantomdb::detail {

std::string column_text(sql_type type, datum value) {
    std::string text;
    append_text(text, type, value, format_settings{});
    return text;
}

}  // namespace phantomdb::detail
