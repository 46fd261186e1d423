#include <phantomdb/base/arena.hpp>
#include <phantomdb/base/config.hpp>
#include <phantomdb/base/error.hpp>

int main() {
    phantomdb::arena memory;
    return memory.copy(phantomdb::version_text).empty() ? 1 : 0;
}
