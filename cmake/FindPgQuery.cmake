# Finds libpg_query for PostgreSQL 15: the distribution's, or the one tools/bootstrap built. Defines PgQuery::PgQuery.

set(PHANTOMDB_PG_QUERY_ROOT "" CACHE PATH "libpg_query to prefer over the distribution's")

set(candidates "")
foreach(root "${PHANTOMDB_PG_QUERY_ROOT}" "" "${PROJECT_SOURCE_DIR}/build/dependencies/libpg_query-15"
        "${CMAKE_CURRENT_LIST_DIR}/../libpg_query-15")
    if(root)
        set(places PATHS "${root}/include" NO_DEFAULT_PATH)
        set(library_places PATHS "${root}/lib" "${root}" NO_DEFAULT_PATH)
    else()
        set(places "")
        set(library_places "")
    endif()
    unset(header_folder)
    unset(library)
    find_path(header_folder pg_query.h ${places} NO_CACHE)
    find_library(library NAMES pg_query ${library_places} NO_CACHE)
    if(header_folder AND library)
        file(STRINGS "${header_folder}/pg_query.h" major REGEX "^#define PG_MAJORVERSION ")
        if(major MATCHES "\"15\"")
            set(PgQuery_INCLUDE_DIR "${header_folder}")
            set(PgQuery_LIBRARY "${library}")
            break()
        endif()
    endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PgQuery REQUIRED_VARS PgQuery_LIBRARY PgQuery_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "libpg_query for PostgreSQL 15 is missing: tools/bootstrap provides it")

if(PgQuery_FOUND AND NOT TARGET PgQuery::PgQuery)
    add_library(PgQuery::PgQuery UNKNOWN IMPORTED)
    set_target_properties(PgQuery::PgQuery PROPERTIES IMPORTED_LOCATION "${PgQuery_LIBRARY}"
                          INTERFACE_INCLUDE_DIRECTORIES "${PgQuery_INCLUDE_DIR}")
endif()
