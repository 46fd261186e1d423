// Typed queries over the directory that SQL filled with Chinook give the rows that SQL gives.

#include "support/catch.hpp"
#include "support/corpus.hpp"
#include "support/process.hpp"

#include <phantomdb/phantomdb.hpp>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace pdb = phantomdb;
using namespace pdb::literals;

namespace {

struct artist {
    int artist_id;
    std::optional<std::string> name;
};
struct album {
    int album_id;
    std::string title;
    int artist_id;
};
struct genre {
    int genre_id;
    std::optional<std::string> name;
};
struct track {
    int track_id;
    std::string name;
    std::optional<int> album_id;
    int media_type_id;
    std::optional<int> genre_id;
    std::optional<std::string> composer;
    int milliseconds;
    std::optional<int> bytes;
    pdb::decimal<10, 2> unit_price;
};
struct employee {
    int employee_id;
    std::string last_name, first_name;
    std::optional<std::string> title;
    std::optional<int> reports_to;
    std::optional<pdb::timestamp> birth_date, hire_date;
    std::optional<std::string> address, city, state, country, postal_code, phone, fax, email;
};
struct customer {
    int customer_id;
    std::string first_name, last_name;
    std::optional<std::string> company, address, city, state, country, postal_code, phone, fax;
    std::string email;
    std::optional<int> support_rep_id;
};
struct invoice {
    int invoice_id, customer_id;
    pdb::timestamp invoice_date;
    std::optional<std::string> billing_address, billing_city, billing_state, billing_country, billing_postal_code;
    pdb::decimal<10, 2> total;
};
struct invoice_line {
    int invoice_line_id, invoice_id, track_id;
    pdb::decimal<10, 2> unit_price;
    int quantity;
};

}  // namespace

BOOST_HANA_ADAPT_STRUCT(artist, artist_id, name);
BOOST_HANA_ADAPT_STRUCT(album, album_id, title, artist_id);
BOOST_HANA_ADAPT_STRUCT(genre, genre_id, name);
BOOST_HANA_ADAPT_STRUCT(track, track_id, name, album_id, media_type_id, genre_id, composer, milliseconds, bytes,
                        unit_price);
BOOST_HANA_ADAPT_STRUCT(employee, employee_id, last_name, first_name, title, reports_to, birth_date, hire_date, address,
                        city, state, country, postal_code, phone, fax, email);
BOOST_HANA_ADAPT_STRUCT(customer, customer_id, first_name, last_name, company, address, city, state, country,
                        postal_code, phone, fax, email, support_rep_id);
BOOST_HANA_ADAPT_STRUCT(invoice, invoice_id, customer_id, invoice_date, billing_address, billing_city, billing_state,
                        billing_country, billing_postal_code, total);
BOOST_HANA_ADAPT_STRUCT(invoice_line, invoice_line_id, invoice_id, track_id, unit_price, quantity);

namespace {

using artists = pdb::table<"artist", artist, pdb::primary_key<&artist::artist_id>>;
using albums = pdb::table<"album", album, pdb::primary_key<&album::album_id>,
                          pdb::foreign_key<&album::artist_id, &artist::artist_id>,
                          pdb::index<"album_artist_id_idx", &album::artist_id>>;
using genres = pdb::table<"genre", genre, pdb::primary_key<&genre::genre_id>>;
using tracks =
    pdb::table<"track", track, pdb::primary_key<&track::track_id>, pdb::foreign_key<&track::album_id, &album::album_id>,
               pdb::foreign_key<&track::genre_id, &genre::genre_id>, pdb::index<"track_album_id_idx", &track::album_id>,
               pdb::index<"track_genre_id_idx", &track::genre_id>>;
using employees = pdb::table<"employee", employee, pdb::primary_key<&employee::employee_id>,
                             pdb::foreign_key<&employee::reports_to, &employee::employee_id>>;
using customers = pdb::table<"customer", customer, pdb::primary_key<&customer::customer_id>,
                             pdb::foreign_key<&customer::support_rep_id, &employee::employee_id>>;
using invoices = pdb::table<"invoice", invoice, pdb::primary_key<&invoice::invoice_id>,
                            pdb::foreign_key<&invoice::customer_id, &customer::customer_id>,
                            pdb::index<"invoice_customer_id_idx", &invoice::customer_id>>;
using lines = pdb::table<"invoice_line", invoice_line, pdb::primary_key<&invoice_line::invoice_line_id>,
                         pdb::foreign_key<&invoice_line::invoice_id, &invoice::invoice_id>,
                         pdb::foreign_key<&invoice_line::track_id, &track::track_id>,
                         pdb::index<"invoice_line_invoice_id_idx", &invoice_line::invoice_id>>;
using chinook = pdb::schema_of<artists, albums, genres, tracks, employees, customers, invoices, lines>;

constexpr auto one_artist =
    pdb::from<artists> | pdb::where(pdb::col<&artist::artist_id> == "id"_arg) | pdb::select(pdb::col<&artist::name>);
static_assert(pdb::plan_of<one_artist>.access == pdb::access::primary_equal);

constexpr auto albums_of = pdb::from<albums> | pdb::where(pdb::col<&album::artist_id> == "id"_arg) |
                           pdb::select(pdb::col<&album::album_id>, pdb::col<&album::title>) |
                           pdb::order_by(pdb::col<&album::album_id>);
static_assert(not pdb::scans<albums_of>);

constexpr auto longest =
    pdb::from<tracks> |
    pdb::select(pdb::col<&track::name>, pdb::col<&track::milliseconds>, pdb::col<&track::composer>) |
    pdb::order_by(pdb::desc(pdb::col<&track::milliseconds>), pdb::col<&track::track_id>) | pdb::take(10);

constexpr auto tracks_by_genre =
    pdb::from<genres> | pdb::left_join<tracks>() | pdb::group_by(pdb::col<&genre::genre_id>, pdb::col<&genre::name>) |
    pdb::select(pdb::col<&genre::name>, pdb::as<"tracks">(pdb::count(pdb::col<&track::track_id>))) |
    pdb::order_by(pdb::desc<"tracks">, pdb::col<&genre::name>);

constexpr auto revenue =
    pdb::from<invoices> | pdb::group_by(pdb::col<&invoice::billing_country>) |
    pdb::having(pdb::sum(pdb::col<&invoice::total>) > 50) |
    pdb::select(pdb::col<&invoice::billing_country>, pdb::count(),
                pdb::as<"revenue">(pdb::sum(pdb::col<&invoice::total>)), pdb::avg(pdb::col<&invoice::total>)) |
    pdb::order_by(pdb::desc<"revenue">, pdb::col<&invoice::billing_country>);

constexpr auto best_artists =
    pdb::from<lines> | pdb::join<tracks>() | pdb::join<albums>() | pdb::join<artists>() |
    pdb::group_by(pdb::col<&artist::artist_id>, pdb::col<&artist::name>) |
    pdb::select(pdb::col<&artist::name>, pdb::as<"sold">(pdb::sum(pdb::col<&invoice_line::quantity>)),
                pdb::as<"earned">(pdb::sum(pdb::col<&invoice_line::unit_price>* pdb::col<&invoice_line::quantity>))) |
    pdb::order_by(pdb::desc<"earned">, pdb::col<&artist::name>) | pdb::take(15);

constexpr auto boss = pdb::alias<"boss", employees>;
constexpr auto chain =
    pdb::from<employees> | pdb::left_join<boss>(boss(&employee::employee_id) == pdb::col<&employee::reports_to>) |
    pdb::select(pdb::col<&employee::last_name>, boss(&employee::last_name), pdb::col<&employee::hire_date>) |
    pdb::order_by(pdb::col<&employee::employee_id>);

constexpr auto unbought =
    pdb::from<genres> |
    pdb::where(not pdb::exists(pdb::from<lines> | pdb::join<tracks>() |
                               pdb::where(pdb::col<&track::genre_id> == pdb::col<&genre::genre_id>))) |
    pdb::select(pdb::col<&genre::name>) | pdb::order_by(pdb::col<&genre::name>);

constexpr auto big_albums =
    pdb::from<albums> |
    pdb::where(pdb::in(pdb::col<&album::album_id>, pdb::from<tracks> | pdb::group_by(pdb::col<&track::album_id>) |
                                                       pdb::having(pdb::count() > 25) |
                                                       pdb::select(pdb::col<&track::album_id>))) |
    pdb::select(pdb::col<&album::title>) | pdb::order_by(pdb::col<&album::title>);

constexpr auto countries = pdb::from<customers> | pdb::select(pdb::col<&customer::country>) | pdb::distinct() |
                           pdb::order_by(pdb::col<&customer::country>);

constexpr auto in_one_year =
    pdb::from<invoices> |
    pdb::where(pdb::between(pdb::col<&invoice::invoice_date>, "from"_arg, "to"_arg),
               pdb::col<&invoice::total> > "least"_arg) |
    pdb::select(pdb::col<&invoice::invoice_id>, pdb::col<&invoice::invoice_date>, pdb::col<&invoice::total>) |
    pdb::order_by(pdb::col<&invoice::invoice_id>);

constexpr auto sizes = pdb::from<invoices> |
                       pdb::select(pdb::col<&invoice::invoice_id>,
                                   pdb::when(pdb::col<&invoice::total> < 1, "small")
                                       .when(pdb::col<&invoice::total> < 10, "medium")
                                       .otherwise("large"),
                                   pdb::coalesce(pdb::col<&invoice::billing_state>, "none")) |
                       pdb::order_by(pdb::col<&invoice::invoice_id>) | pdb::skip(100) | pdb::take(20);

constexpr auto above_average =
    pdb::from<invoices> |
    pdb::where(pdb::col<&invoice::total> >
               pdb::value_of(pdb::from<invoices> | pdb::select(pdb::avg(pdb::col<&invoice::total>)))) |
    pdb::select(pdb::count(), pdb::min(pdb::col<&invoice::total>), pdb::max(pdb::col<&invoice::invoice_date>));

constexpr auto pages =
    pdb::from<tracks> |
    pdb::where(pdb::like(pdb::col<&track::name>, "%Rock%"), not pdb::is_null(pdb::col<&track::composer>)) |
    pdb::select(pdb::upper(pdb::col<&track::name>), pdb::length(pdb::col<&track::composer>)) |
    pdb::order_by(pdb::col<&track::track_id>);

std::string quoted(std::string const& text) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == text.npos) return text;
    std::string made = "\"";
    for (char c : text) made += c == '"' ? "\"\"" : std::string(1, c);
    return made + "\"";
}
std::string shown(std::string const& text) { return quoted(text); }
std::string shown(pdb::timestamp when) { return pdb::to_text(when); }
template <class T>
std::string shown(T const& number) {
    if constexpr (std::is_arithmetic_v<T>) return std::to_string(number);
    else return pdb::to_text(number);
}
template <class T>
std::string shown(std::optional<T> const& maybe) {
    return maybe ? shown(*maybe) : std::string();
}

/// Rows as CSV.
template <class Rows>
std::string csv(Rows&& rows) {
    std::string text;
    for (auto const& row : rows) {
        std::string line;
        std::apply([&](auto const&... cells) { ((line += (line.empty() ? "" : ",") + shown(cells)), ...); }, row);
        text += line + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("chinook: typed queries and SQL agree over one directory") {
    using namespace phantomdb::test;
    std::string script = corpus_file("chinook/chinook.sql");
    if (script.empty()) PHANTOMDB_SKIP("no corpus");
    temporary_folder folder;
    std::string directory = folder / "store";
    auto loaded = run_program({tool("phantomsql"), directory, "-q", "--stop-on-error", "-f", script});
    INFO(loaded.errors);
    REQUIRE(loaded.status == 0);

    std::vector<std::pair<std::string, std::string>> answers;  // typed rows, the SQL that should give them
    {
        pdb::open_options options;
        options.database = "chinook";
        auto db = pdb::open<chinook>(directory, options);
        auto date = [](int year, unsigned month, unsigned day) {
            return pdb::timestamp(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day), {0, 0});
        };
        answers = {
            {csv(db.run<one_artist>("id"_arg = 51)), "select name from artist where artist_id = 51"},
            {csv(db.run<albums_of>("id"_arg = 22)),
             "select album_id, title from album where artist_id = 22 order by album_id"},
            {csv(db.run<longest>()),
             "select name, milliseconds, composer from track order by milliseconds desc, track_id limit 10"},
            {csv(db.run<tracks_by_genre>()),
             "select g.name, count(t.track_id) as tracks from genre g left join track t using (genre_id) group by "
             "g.genre_id, g.name "
             "order by tracks desc, g.name"},
            {csv(db.run<revenue>()),
             "select billing_country, count(*), sum(total) as revenue, avg(total) from invoice group by "
             "billing_country "
             "having sum(total) > 50 order by revenue desc, billing_country"},
            {csv(db.run<best_artists>()),
             "select ar.name, sum(l.quantity) as sold, sum(l.unit_price * l.quantity) as earned from invoice_line l "
             "join track t "
             "using (track_id) join album al using (album_id) join artist ar using (artist_id) group by ar.artist_id, "
             "ar.name "
             "order by earned desc, ar.name limit 15"},
            {csv(db.run<chain>()),
             "select e.last_name, b.last_name, e.hire_date from employee e left join employee b on b.employee_id = "
             "e.reports_to "
             "order by e.employee_id"},
            {csv(db.run<unbought>()),
             "select name from genre g where not exists (select 1 from invoice_line l join track t using (track_id) "
             "where t.genre_id = g.genre_id) order by name"},
            {csv(db.run<big_albums>()),
             "select title from album where album_id in (select album_id from track group by album_id having count(*) "
             "> 25) order by title"},
            {csv(db.run<countries>()), "select distinct country from customer order by country"},
            {csv(db.run<in_one_year>("from"_arg = date(2022, 1, 1), "to"_arg = date(2022, 12, 31),
                                     "least"_arg = pdb::decimal<10, 2>(8))),
             "select invoice_id, invoice_date, total from invoice where invoice_date between '2022-01-01' and "
             "'2022-12-31' and total > 8 "
             "order by invoice_id"},
            {csv(db.run<sizes>()),
             "select invoice_id, case when total < 1 then 'small' when total < 10 then 'medium' else 'large' end, "
             "coalesce(billing_state, 'none') from invoice order by invoice_id offset 100 limit 20"},
            {csv(db.run<above_average>()),
             "select count(*), min(total), max(invoice_date) from invoice where total > (select avg(total) from "
             "invoice)"},
            {csv(db.run<pages>()),
             "select upper(name), length(composer) from track where name like '%Rock%' and composer is not null order "
             "by track_id"},
        };
    }
    CHECK(answers.size() >= 12);
    for (auto const& [typed, sql] : answers) {
        INFO(sql);
        auto said = run_program({tool("phantomsql"), directory, "-d", "chinook", "--csv", "-t", "-c", sql});
        CHECK(said.status == 0);
        CHECK(!typed.empty());
        CHECK(typed == said.output);
    }
}
