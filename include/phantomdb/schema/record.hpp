/// @file Defines `record_of`, the shape of a struct adapted with BOOST_HANA_ADAPT_STRUCT.
///
/// Hana is used at the edge only: an adaptation is turned once into a constexpr array of member descriptions, and from
/// then on members are ordinals. Only the narrow Hana headers are included.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/schema/column_type.hpp>

#include <boost/hana/accessors.hpp>
#include <boost/hana/adapt_struct.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace phantomdb {

/// What a member of a struct is as a column.
struct member_shape {
    std::string_view name;
    sql_type type{};
    bool not_null = true;
    bool storable = true;
};

/// A struct as a row. There is one object a struct; its address is the struct's identity.
struct record_shape {
    std::string_view name;  ///< as C++ spells it
    array_view<member_shape> members;

    /// Ordinal of a member, or -1.
    constexpr int find(std::string_view wanted) const {
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (members[i].name == wanted) return static_cast<int>(i);
        }
        return -1;
    }
};

/// Whether both are of one struct. While a program is compiled, names tell: under -fsanitize=undefined, g++ takes no comparison of
/// addresses for a constant.
constexpr bool is_same(record_shape const& a, record_shape const& b) {
    return std::is_constant_evaluated() ? a.name == b.name : &a == &b;
}

template <class... Types>
struct type_list {
    static constexpr std::size_t size = sizeof...(Types);
};

namespace detail {

template <class T>
concept adapted = requires { boost::hana::accessors_impl<T>::apply(); };

template <class T>
constexpr std::string_view name_of_type() {
    std::string_view signature = __PRETTY_FUNCTION__;
    signature.remove_prefix(signature.find("T = ") + 4);
    return signature.substr(0, signature.find_first_of(";]"));
}

template <class Pointer>
struct member_pointer;
template <class Class, class Member>
struct member_pointer<Member Class::*> {
    using owner = Class;
    using type = Member;
};

/// Describes one member; `Ordinal` distinguishes members of one type.
template <class Name, class Pointer, Pointer Member>
constexpr member_shape shape_of_member() {
    using type = typename member_pointer<Pointer>::type;
    member_shape made;
    made.name = Name::c_str();
    made.not_null = !is_optional<type>;
    made.storable = is_storable<type>;
    if constexpr (is_storable<type>) made.type = sql_type_of<type>;
    return made;
}

template <class Accessors>
struct members_of;

template <class... Names, class... Pointers, Pointers... Members>
struct members_of<
    boost::hana::tuple<boost::hana::pair<Names, boost::hana::struct_detail::member_ptr<Pointers, Members>>...>> {
    static constexpr std::size_t count = sizeof...(Members);
    using types = type_list<typename member_pointer<Pointers>::type...>;
    static constexpr std::array<member_shape, count> shapes{shape_of_member<Names, Pointers, Members>()...};

    static constexpr std::tuple<Pointers...> pointers{Members...};

    /// Calls `visit(integral constant ordinal, pointer to member)` for each member in order.
    template <class Visit>
    static constexpr void each(Visit&& visit) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (visit(std::integral_constant<std::size_t, I>{}, Members), ...);
        }(std::make_index_sequence<count>{});
    }

    /// The ordinal of a member, or -1.
    template <class Pointer>
    static constexpr int ordinal(Pointer wanted) {
        int at = 0, found = -1;
        auto look = [&](auto member) {
            if constexpr (std::is_same_v<decltype(member), Pointer>) {
                if (member == wanted) found = at;
            }
            ++at;
        };
        (look(Members), ...);
        return found;
    }
};

template <class T>
using members = members_of<decltype(boost::hana::accessors_impl<T>::apply())>;

/// Gives the sentence about structs that are not adapted, once, wherever one is used.
template <class T>
struct must_be_adapted {
    static_assert(adapted<T>,
                  "phantomdb: a struct of a table or document must be adapted with BOOST_HANA_ADAPT_STRUCT");
};

}  // namespace detail

/// Whether BOOST_HANA_ADAPT_STRUCT (or BOOST_HANA_DEFINE_STRUCT) was said for `T`.
template <class T>
inline constexpr bool is_adapted = detail::adapted<T>;

/// The shape of an adapted struct.
template <class T>
inline constexpr record_shape record_of = [] {
    if constexpr (detail::adapted<T>) {
        return record_shape{detail::name_of_type<T>(), detail::members<T>::shapes};
    } else {
        return record_shape{detail::name_of_type<T>(), {}};
    }
}();

/// The struct that a pointer to member points into, and the member's type.
template <auto Member>
using owner_of = typename detail::member_pointer<decltype(Member)>::owner;
template <auto Member>
using type_of = typename detail::member_pointer<decltype(Member)>::type;

/// The ordinal of a member in its struct's adaptation, or -1 where it isn't part of it.
template <auto Member>
inline constexpr int ordinal_of = detail::members<owner_of<Member>>::ordinal(Member);

/// Calls `visit(integral constant ordinal, member pointer)` for every adapted member of `T`, in order.
template <class T, class Visit>
constexpr void each_member(Visit&& visit) {
    detail::members<T>::each(static_cast<Visit&&>(visit));
}

}  // namespace phantomdb
