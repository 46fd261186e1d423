#include <phantomdb/sql/compiled_query.hpp>
#include <phantomdb/sql/session_core.hpp>
#include <phantomdb/sql/statement_cache.hpp>

namespace phantomdb::sql {

namespace {

/// Whether a statement kept under the key of `scan` is what its text says.
bool serves(prepared_statement const& kept, literal_scan const& scan) {
    if (!kept.literals_apart) return true;  // there are no constants
    return kept.compiled && kept.compiled->bound.cacheable && kept.compiled->literals.fits(scan);
}

}  // namespace

std::shared_ptr<prepared_statement const> statement_cache::find(literal_scan const& scan) {
    auto const found = by_key_.find(scan.key());
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    for (auto const& kept : found->second->alike) {
        if (serves(*kept, scan)) return kept;
    }
    return nullptr;
}

void statement_cache::add(literal_scan const& scan, std::shared_ptr<prepared_statement const> made) {
    auto found = by_key_.find(scan.key());
    if (found == by_key_.end()) {
        entries_.push_front({std::string(scan.key()), {}});
        found = by_key_.emplace(entries_.front().key, entries_.begin()).first;
    }
    auto& alike = found->second->alike;
    std::size_t const before = alike.size();
    // What could not be compiled, or may not be kept, was only waiting here.
    std::erase_if(alike, [](auto const& kept) {
        return kept->literals_apart && !(kept->compiled && kept->compiled->bound.cacheable);
    });
    if (alike.size() == most_alike) alike.erase(alike.begin());
    statements_ -= before - alike.size();
    text_ -= (before - alike.size()) * scan.key().size();
    alike.push_back(std::move(made));
    ++statements_;
    text_ += scan.key().size();
    while (statements_ > most_statements || text_ > most_text) drop(std::prev(entries_.end()), 0);
}

void statement_cache::forget(literal_scan const& scan, prepared_statement const& unwanted) {
    auto const found = by_key_.find(scan.key());
    if (found == by_key_.end()) return;
    auto const& alike = found->second->alike;
    for (std::size_t i = 0; i < alike.size(); ++i) {
        if (alike[i].get() == &unwanted) return drop(found->second, i);
    }
}

void statement_cache::drop(entries::iterator where, std::size_t nth) {
    if (!where->alike.empty()) {
        where->alike.erase(where->alike.begin() + static_cast<std::ptrdiff_t>(nth));
        --statements_;
        text_ -= where->key.size();
    }
    if (!where->alike.empty()) return;
    by_key_.erase(where->key);
    entries_.erase(where);
}

void statement_cache::clear() {
    by_key_.clear();
    entries_.clear();
    statements_ = text_ = 0;
}

}  // namespace phantomdb::sql
