#include <phantomdb/sql/session.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

struct sum_of_first_column : phantomdb::sql::result_sink {
    std::int64_t sum = 0;
    std::string tag;

    void begin_rows(std::vector<phantomdb::sql::result_column> const&) override {}
    bool rows(phantomdb::sql::row_block const& block) override {
        for (std::size_t row = 0; row < block.rows; ++row) sum += block.columns.at(0)[row].i;
        return true;
    }
    void complete(std::string_view command_tag) override { tag = command_tag; }
};

int main(int, char* arguments[]) {
    for (int round = 0; round < 2; ++round) {  // the second time over what the first left on disk
        auto store = phantomdb::sql::instance::open(arguments[1]);
        phantomdb::sql::session session(store, {});
        sum_of_first_column sink;
        if (round == 0) session.run("create table t (n int8 primary key); insert into t values (20), (22)", sink);
        session.run("select n from t", sink);
        std::printf("%s: %lld\n", sink.tag.c_str(), static_cast<long long>(sink.sum));
        if (sink.sum != 42 || sink.tag != "SELECT 2") return 1;
    }
}
