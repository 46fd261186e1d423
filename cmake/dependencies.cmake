# What phantomdb stands on. The same file serves the build and, through phantomdb-config.cmake, those who use the package.

if(POLICY CMP0167)
    cmake_policy(SET CMP0167 NEW)
endif()

find_package(Threads REQUIRED)
find_package(range-v3 REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
if(NOT PHANTOMDB_SQL)
    return()
endif()

find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS json)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(date REQUIRED)
find_package(PgQuery REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
set(sql_dependencies PgQuery::PgQuery Boost::json OpenSSL::Crypto OpenSSL::SSL fmt::fmt spdlog::spdlog date::date-tz
    PkgConfig::re2)
