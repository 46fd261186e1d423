/// @file Defines `ast`, a pleasant way to read the parse tree that libpg_query gives as JSON.
///
/// A node is `{"SelectStmt": {"targetList": […], …}}`: its kind and its fields. Fields that are absent are zero, false or
/// empty, so reading never fails. An `ast` borrows from the `parsed_script` it came from.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace phantomdb::sql {

class ast_list;

/// One node of a parse tree, or none. Copy freely. Reading is O(fields).
class ast {
public:
    ast() = default;
    /// `node` is what stands in a field or list: an object, wrapped in its kind or not, or a scalar.
    explicit ast(boost::json::value const* node) : fields_(node) {
        auto const* object = node ? node->if_object() : nullptr;
        if (object && object->size() == 1 && object->begin()->key().front() >= 'A' &&
            object->begin()->key().front() <= 'Z') {
            kind_ = object->begin()->key();
            fields_ = &object->begin()->value();
        }
    }

    explicit operator bool() const { return fields_ != nullptr; }

    /// "SelectStmt", "A_Const", …; empty where the place of the node in its parent says what it is.
    std::string_view kind() const { return kind_; }
    bool is(std::string_view kind) const { return kind_ == kind; }

    bool has(std::string_view field) const { return find(field) != nullptr; }
    ast operator[](std::string_view field) const { return ast(find(field)); }
    std::string_view text(std::string_view field) const {
        auto const* found = find(field);
        auto const* string = found ? found->if_string() : nullptr;
        return string ? std::string_view{*string} : std::string_view{};
    }
    /// An integer; libpg_query leaves out zero (and, in constants, every negative number: see `integer_constant`).
    std::int64_t number(std::string_view field) const {
        auto const* found = find(field);
        return found && found->is_number() ? found->to_number<std::int64_t>() : 0;
    }
    bool flag(std::string_view field) const {
        auto const* found = find(field);
        return found && found->is_bool() && found->get_bool();
    }
    ast_list list(std::string_view field) const;
    /// The strings of a list of String nodes: a qualified name.
    std::vector<std::string_view> names(std::string_view field) const;

    /// Byte offset in the script, -1 where the node has none.
    std::int64_t location() const {
        auto const* found = find("location");
        return found ? found->to_number<std::int64_t>() : 0;
    }

    /// Identity of the node within its script; stable for the script's life.
    void const* identity() const { return fields_; }

private:
    boost::json::value const* find(std::string_view field) const {
        auto const* object = fields_ ? fields_->if_object() : nullptr;
        return object ? object->if_contains(field) : nullptr;
    }

    boost::json::value const* fields_ = nullptr;
    std::string_view kind_;
};

/// The nodes of a list; empty where the field is absent.
class ast_list {
public:
    ast_list() = default;
    explicit ast_list(boost::json::array const* items) : items_(items) {}

    class iterator {
    public:
        using value_type = ast;
        using difference_type = std::ptrdiff_t;
        iterator() = default;
        explicit iterator(boost::json::value const* at) : at_(at) {}
        ast operator*() const { return ast(at_); }
        iterator& operator++() { return ++at_, *this; }
        iterator operator++(int) { return iterator(at_++); }
        friend bool operator==(iterator const&, iterator const&) = default;

    private:
        boost::json::value const* at_ = nullptr;
    };

    std::size_t size() const { return items_ ? items_->size() : 0; }
    bool empty() const { return size() == 0; }
    ast operator[](std::size_t i) const { return ast(&(*items_)[i]); }
    ast front() const { return (*this)[0]; }
    ast back() const { return (*this)[size() - 1]; }
    iterator begin() const { return items_ ? iterator(items_->data()) : iterator(); }
    iterator end() const { return items_ ? iterator(items_->data() + items_->size()) : iterator(); }

private:
    boost::json::array const* items_ = nullptr;
};

inline ast_list ast::list(std::string_view field) const {
    auto const* found = find(field);
    return ast_list(found ? found->if_array() : nullptr);
}

inline std::vector<std::string_view> ast::names(std::string_view field) const {
    std::vector<std::string_view> parts;
    for (ast part : list(field)) parts.push_back(part.text("sval"));
    return parts;
}

}  // namespace phantomdb::sql
