/// A music store, typed. Creates an embedded database in the directory given (or music_store.phantom), fills it, and asks
/// it questions in C++. examples/music_store.sql asks the same database in SQL.
#include <phantomdb/phantomdb.hpp>

#include <chrono>
#include <cstdio>
#include <ranges>
#include <string>
#include <vector>

namespace pdb = phantomdb;
using namespace pdb::literals;

// Rows are plain structs …

struct artist {
    int id;
    std::string name;
};
struct album {
    int id;
    std::string title;
    int artist_id;
    pdb::date released;
};
struct track {
    int id;
    std::string title;
    int album_id;
    int seconds;
    pdb::decimal<8, 2> price;
};
struct taste {
    std::string genre;
    std::vector<std::string> instruments;
    bool newsletter = true;
};
struct customer {
    int id;
    std::string name, city;
    std::optional<std::string> email;
    pdb::document<taste> likes;
};
struct invoice {
    int id, customer_id;
    pdb::timestamp issued;
};
struct line {
    int invoice_id, track_id, quantity;
};
BOOST_HANA_ADAPT_STRUCT(artist, id, name);
BOOST_HANA_ADAPT_STRUCT(album, id, title, artist_id, released);
BOOST_HANA_ADAPT_STRUCT(track, id, title, album_id, seconds, price);
BOOST_HANA_ADAPT_STRUCT(taste, genre, instruments, newsletter);
BOOST_HANA_ADAPT_STRUCT(customer, id, name, city, email, likes);
BOOST_HANA_ADAPT_STRUCT(invoice, id, customer_id, issued);
BOOST_HANA_ADAPT_STRUCT(line, invoice_id, track_id, quantity);

// … tables say what is a key …

using artists = pdb::table<"artists", artist, pdb::primary_key<&artist::id>, pdb::unique<&artist::name>>;
using albums =
    pdb::table<"albums", album, pdb::primary_key<&album::id>, pdb::foreign_key<&album::artist_id, &artist::id>,
               pdb::index<"albums_by_artist", &album::artist_id>>;
using tracks =
    pdb::table<"tracks", track, pdb::primary_key<&track::id>, pdb::foreign_key<&track::album_id, &album::id>>;
using customers = pdb::table<"customers", customer, pdb::primary_key<&customer::id>,
                             pdb::index<"customers_by_city", &customer::city>>;
using invoices = pdb::table<"invoices", invoice, pdb::primary_key<&invoice::id>,
                            pdb::foreign_key<&invoice::customer_id, &customer::id>>;
using lines =
    pdb::table<"lines", line, pdb::primary_key<&line::invoice_id, &line::track_id>,
               pdb::foreign_key<&line::invoice_id, &invoice::id>, pdb::foreign_key<&line::track_id, &track::id>>;
using store = pdb::schema_of<artists, albums, tracks, customers, invoices, lines>;

// … and queries are constants that the compiler checks and plans.

constexpr auto discography = pdb::from<albums> | pdb::join<artists>() |
                             pdb::select(pdb::col<&artist::name>, pdb::col<&album::title>, pdb::col<&album::released>) |
                             pdb::order_by(pdb::col<&artist::name>, pdb::col<&album::released>);

constexpr auto takings = pdb::from<lines> | pdb::join<tracks>() | pdb::join<albums>() | pdb::join<artists>() |
                         pdb::group_by(pdb::col<&artist::name>) |
                         pdb::select(pdb::col<&artist::name>, pdb::as<"sold">(pdb::sum(pdb::col<&line::quantity>)),
                                     pdb::as<"earned">(pdb::sum(pdb::col<&track::price>* pdb::col<&line::quantity>))) |
                         pdb::order_by(pdb::desc<"earned">);

constexpr auto long_tracks = pdb::from<tracks> | pdb::where(pdb::col<&track::seconds> > "seconds"_arg) |
                             pdb::select(pdb::col<&track::title>, pdb::col<&track::seconds>) |
                             pdb::order_by(pdb::desc(pdb::col<&track::seconds>)) | pdb::take(3);

constexpr auto idle_customers =
    pdb::from<customers> | pdb::left_join<invoices>() | pdb::where(pdb::is_null(pdb::col<&invoice::id>)) |
    pdb::select(pdb::col<&customer::name>, pdb::coalesce(pdb::col<&customer::email>, "no address"));

constexpr auto lovers_of = pdb::from<customers> |
                           pdb::where(pdb::col<&customer::likes> / &taste::genre == "genre"_arg and
                                      pdb::col<&customer::likes> / &taste::newsletter == true) |
                           pdb::order_by(pdb::col<&customer::name>);

constexpr auto in_city = pdb::from<customers> | pdb::where(pdb::col<&customer::city> == "city"_arg);

// A query that reads a whole table where it shouldn't does not pass the build.
static_assert(pdb::plan_of<in_city>.access == pdb::access::index_range and not pdb::scans<in_city>);

static void fill(pdb::database<store>& db) {
    using std::chrono::year, std::chrono::January, std::chrono::April, std::chrono::August;
    db.transact([](auto& tx) {
        tx.insert(std::vector<artist>{{1, "The Copper Trees"}, {2, "Nadia Holm"}, {3, "Quartetto Lume"}});
        tx.insert(std::vector<album>{{1, "Rust and Rain", 1, year(2018) / April / 6},
                                     {2, "Second Growth", 1, year(2021) / January / 29},
                                     {3, "Slow Harbour", 2, year(2020) / August / 14},
                                     {4, "Notturni", 3, year(2019) / April / 26}});
        tx.insert(std::vector<track>{{1, "Verdigris", 1, 214, "0.99"},
                                     {2, "Gutter Song", 1, 187, "0.99"},
                                     {3, "Saplings", 2, 243, "1.29"},
                                     {4, "Ring by Ring", 2, 305, "1.29"},
                                     {5, "Breakwater", 3, 362, "0.99"},
                                     {6, "The Pilot's Daughter", 3, 274, "0.99"},
                                     {7, "Notturno in re", 4, 541, "1.99"},
                                     {8, "Alba", 4, 498, "1.99"}});
        tx.insert(
            std::vector<customer>{{1, "Ines Duarte", "Lisbon", "ines@example.org", taste{"folk", {"guitar", "fiddle"}}},
                                  {2, "Piet de Wit", "Utrecht", std::nullopt, taste{"chamber", {"cello"}}},
                                  {3, "Asha Rao", "Lisbon", "asha@example.org", taste{"folk", {}, false}},
                                  {4, "Tomasz Lis", "Gdynia", "t.lis@example.org", taste{"jazz", {"piano"}}}});
        tx.insert(std::vector<invoice>{{1, 1, pdb::timestamp(year(2024) / January / 9, {10, 15})},
                                       {2, 2, pdb::timestamp(year(2024) / January / 11, {17, 2})},
                                       {3, 1, pdb::timestamp(year(2024) / April / 2, {8, 40})}});
        tx.insert(std::vector<line>{{1, 1, 1}, {1, 3, 2}, {2, 7, 1}, {2, 8, 1}, {3, 5, 3}});
    });
}

int main(int argc, char** argv) {
    auto db = pdb::open<store>(argc > 1 ? argv[1] : "music_store.phantom");
    if (!db.find<artists>(1)) fill(db);

    std::puts("Every album:");
    for (auto const& [name, title, released] : db.run<discography>()) {
        std::printf("  %-18s %-16s %s\n", name.c_str(), title.c_str(), pdb::to_text(released).c_str());
    }

    std::puts("\nWhat each artist has sold and earned:");
    for (auto const& [name, sold, earned] : db.run<takings>()) {
        std::printf("  %-18s %3lld  %s\n", name.c_str(), static_cast<long long>(sold), pdb::to_text(earned).c_str());
    }

    std::puts("\nThe longest tracks above four minutes:");
    db.for_each<long_tracks>("seconds"_arg = 240, [](std::string_view title, int seconds) {
        std::printf("  %-18.*s %d:%02d\n", static_cast<int>(title.size()), title.data(), seconds / 60, seconds % 60);
    });

    std::puts("\nCustomers who have bought nothing yet:");
    for (auto const& [name, email] : db.run<idle_customers>()) std::printf("  %-18s %s\n", name.c_str(), email.c_str());

    std::puts("\nLovers of folk who read the newsletter:");
    for (customer const& who : db.run<lovers_of>("genre"_arg = "folk")) {
        std::printf("  %-18s %zu instruments\n", who.name.c_str(), who.likes->instruments.size());
    }

    // Tomasz moves to Lisbon and buys a track: all of it, or nothing.
    db.transact([](auto& tx) {
        customer tomasz = *tx.template find<customers>(4);
        tomasz.city = "Lisbon";
        tx.update(tomasz);
        tx.insert(invoice{4, 4, pdb::timestamp(std::chrono::year(2024) / std::chrono::April / 20, {19, 30})});
        tx.insert(line{4, 6, 1});
    });
    std::puts("\nIn Lisbon now:");
    auto names = db.run<in_city>("city"_arg = "Lisbon") | std::views::transform(&customer::name);
    for (std::string const& name : names) std::printf("  %s\n", name.c_str());

    std::puts("\nHow the compiler planned that, and the SQL it means:");
    std::printf("%s", db.explain<in_city>().c_str());
}
