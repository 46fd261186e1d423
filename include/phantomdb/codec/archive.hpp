/// @file Defines `pack` and `unpack`: structs to bytes and back, through Boost.Serialization's interface.
///
/// A type takes part as Boost.Serialization asks: a member `template <class A> void serialize(A& a, unsigned version)`
/// that says `a & field & other_field;` (private with `friend class boost::serialization::access`), or the free function of
/// that name, and BOOST_CLASS_VERSION when it has changed. The archives are our own models of Boost's archive concept:
/// Boost's need a library to link and trust the bytes they read, these are headers only, the same on every
/// machine, and answer any damage with `data_corrupted`.
///
///     u8 format (1) · u32 CRC32C of what follows · object
///
///     object    varint class version, then its members
///     integer   varint (signed: zigzag); bool, enum: as integer; float, double: IEEE bits, little-endian
///     string, vector, set, map   varint count, then the elements (a string_view is saved as a string, and loaded as one)
///     optional  0, or 1 and the value · pair, array, tuple: the elements · variant: varint index, then the value
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/codec/crc32c.hpp>
#include <phantomdb/codec/varint.hpp>

#include <boost/mpl/bool.hpp>
#include <boost/serialization/serialization.hpp>
#include <boost/serialization/split_member.hpp>
#include <boost/serialization/version.hpp>

#include <array>
#include <bit>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace phantomdb::codec {

namespace detail {

inline constexpr unsigned archive_format = 1;

template <class T>
inline constexpr bool is_sequence = false;
template <class T>
inline constexpr bool is_sequence<std::vector<T>> = true;
template <class T, class C>
inline constexpr bool is_sequence<std::set<T, C>> = true;
template <class K, class V, class C>
inline constexpr bool is_sequence<std::map<K, V, C>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;
template <class T, std::size_t N>
inline constexpr bool is_tuple<std::array<T, N>> = true;
template <class T>
inline constexpr bool is_variant = false;
template <class... T>
inline constexpr bool is_variant<std::variant<T...>> = true;

[[noreturn]] inline void throw_damaged_record(char const* what) {
    throw error(errc::data_corrupted, "a stored record is damaged").with_detail(what);
}

/// What both archives answer to Boost's questions.
template <class Self, bool Saving>
struct archive_base {
    using is_saving = boost::mpl::bool_<Saving>;
    using is_loading = boost::mpl::bool_<!Saving>;
    template <class T>
    void register_type(T* = nullptr) {}
    unsigned get_library_version() const { return 0; }

    template <class T>
    Self& operator&(T&& value) {
        auto& self = static_cast<Self&>(*this);
        self.visit(value);
        return self;
    }
};

}  // namespace detail

/// Saving archive: appends to a string.
class pack_archive : public detail::archive_base<pack_archive, true> {
public:
    explicit pack_archive(std::string& out) : out_(out) {}

    template <class T>
    pack_archive& operator<<(T const& value) {
        visit(value);
        return *this;
    }

    template <class T>
    void visit(T const& value) {
        if constexpr (std::is_enum_v<T>) {
            visit(static_cast<std::underlying_type_t<T>>(value));
        } else if constexpr (std::is_same_v<T, float>) {
            append_fixed(out_, std::bit_cast<std::uint32_t>(value));
        } else if constexpr (std::is_same_v<T, double>) {
            append_fixed(out_, std::bit_cast<std::uint64_t>(value));
        } else if constexpr (std::is_integral_v<T>) {
            if constexpr (std::is_signed_v<T>) {
                append_varint(out_, to_zigzag(value));
            } else {
                append_varint(out_, value);
            }
        } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
            append_bytes(out_, value);
        } else if constexpr (detail::is_sequence<T>) {
            append_varint(out_, value.size());
            for (auto const& element : value) visit(element);
        } else if constexpr (detail::is_optional<T>) {
            visit(value.has_value());
            if (value) visit(*value);
        } else if constexpr (detail::is_tuple<T>) {
            std::apply([&](auto const&... element) { (visit(element), ...); }, value);
        } else if constexpr (detail::is_variant<T>) {
            append_varint(out_, value.index());
            std::visit([&](auto const& alternative) { visit(alternative); }, value);
        } else {
            unsigned const version = boost::serialization::version<T>::value;
            append_varint(out_, version);
            boost::serialization::serialize_adl(*this, const_cast<T&>(value), version);
        }
    }

private:
    std::string& out_;
};

/// Loading archive: reads from borrowed bytes. Throws data_corrupted at whatever the saving archive cannot have written.
class unpack_archive : public detail::archive_base<unpack_archive, false> {
public:
    explicit unpack_archive(std::string_view in) : in_(in) {}

    bool at_end() const { return in_.empty(); }

    template <class T>
    unpack_archive& operator>>(T&& value) {
        visit(value);
        return *this;
    }

    template <class T>
    void visit(T& value) {
        if constexpr (std::is_enum_v<T>) {
            std::underlying_type_t<T> number{};
            visit(number);
            value = static_cast<T>(number);
        } else if constexpr (std::is_same_v<T, float>) {
            value = std::bit_cast<float>(load_fixed<std::uint32_t>(take(4).data()));
        } else if constexpr (std::is_same_v<T, double>) {
            value = std::bit_cast<double>(load_fixed<std::uint64_t>(take(8).data()));
        } else if constexpr (std::is_integral_v<T>) {
            value = integer<T>();
        } else if constexpr (std::is_same_v<T, std::string>) {
            value = take(integer<std::uint64_t>());
        } else if constexpr (detail::is_sequence<T>) {
            value.clear();
            // No reserve: a count is believed one element at a time, so a false one cannot ask for memory.
            for (auto count = integer<std::uint64_t>(); count > 0; --count) {
                if (in_.empty()) detail::throw_damaged_record("It ends inside a list.");
                element_of<T> element{};
                visit(element);
                value.insert(value.end(), std::move(element));
            }
        } else if constexpr (detail::is_optional<T>) {
            value.reset();
            if (integer<bool>()) visit(value.emplace());
        } else if constexpr (detail::is_tuple<T>) {
            std::apply([&](auto&... element) { (visit(element), ...); }, value);
        } else if constexpr (detail::is_variant<T>) {
            load_variant(value, integer<std::uint64_t>(), std::make_index_sequence<std::variant_size_v<T>>());
        } else {
            auto const version = integer<unsigned>();
            if (version > static_cast<unsigned>(boost::serialization::version<T>::value)) {
                throw error(errc::feature_not_supported, "a stored record was written by a newer version of PhantomDB")
                    .with_hint("Open the database with that version, or dump it there and load it here.");
            }
            boost::serialization::serialize_adl(*this, value, version);
        }
    }

private:
    template <class T>
    struct loose {  // as value_type, but a map's keys can be assigned to
        using type = typename T::value_type;
    };
    template <class K, class V, class C>
    struct loose<std::map<K, V, C>> {
        using type = std::pair<K, V>;
    };
    template <class T>
    using element_of = typename loose<T>::type;

    std::string_view take(std::uint64_t size) {
        if (size > in_.size()) detail::throw_damaged_record("It ends too early.");
        std::string_view const bytes = in_.substr(0, size);
        in_.remove_prefix(size);
        return bytes;
    }

    template <class T>
    T integer() {
        std::uint64_t bits = 0;
        if (!take_varint(in_, bits)) detail::throw_damaged_record("A number in it is damaged.");
        if constexpr (std::is_signed_v<T>) {
            std::int64_t const number = from_zigzag(bits);
            if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
                detail::throw_damaged_record("A number in it is out of range.");
            }
            return static_cast<T>(number);
        } else {
            if (bits > std::numeric_limits<T>::max()) detail::throw_damaged_record("A number in it is out of range.");
            return static_cast<T>(bits);
        }
    }

    template <class Variant, std::size_t... I>
    void load_variant(Variant& value, std::uint64_t index, std::index_sequence<I...>) {
        if (index >= sizeof...(I)) detail::throw_damaged_record("A choice in it is out of range.");
        ((index == I ? visit(value.template emplace<I>()) : void()), ...);
    }

    std::string_view in_;
};

/// The bytes of `value`.
template <class T>
std::string pack(T const& value) {
    std::string out(5, '\0');
    pack_archive archive(out);
    archive << value;
    out[0] = static_cast<char>(detail::archive_format);
    store_fixed(out.data() + 1, crc32c(std::string_view(out).substr(5)));
    return out;
}

/// The value `pack` made `bytes` from. Throws data_corrupted for any other bytes, feature_not_supported for those of a
/// newer version.
template <class T>
T unpack(std::string_view bytes) {
    if (bytes.size() < 5) detail::throw_damaged_record("It ends too early.");
    if (static_cast<unsigned char>(bytes[0]) != detail::archive_format) detail::throw_damaged_record("Unknown format.");
    std::string_view const body = bytes.substr(5);
    if (crc32c(body) != load_fixed<std::uint32_t>(bytes.data() + 1)) {
        detail::throw_damaged_record("Its checksum does not match.");
    }
    T value{};
    unpack_archive archive(body);
    archive >> value;
    if (!archive.at_end()) detail::throw_damaged_record("It is longer than it should be.");
    return value;
}

}  // namespace phantomdb::codec
