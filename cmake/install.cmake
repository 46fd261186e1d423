# `cmake --install`: headers, the SQL library where it was built, and a package for find_package(phantomdb).

include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/phantomdb)

install(DIRECTORY include/phantomdb DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp")
install(TARGETS phantomdb phantomdb_engine EXPORT phantomdb-core ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT phantomdb-core NAMESPACE phantomdb:: DESTINATION ${package_folder} FILE phantomdb-core.cmake)
if(TARGET phantomdb_sql)
    install(TARGETS phantomdb_sql EXPORT phantomdb-sql ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT phantomdb-sql NAMESPACE phantomdb:: DESTINATION ${package_folder} FILE phantomdb-sql.cmake)
    if(PgQuery_LIBRARY MATCHES "/dependencies/libpg_query-15/")  # ours, so nobody else installs it
        install(FILES "${PgQuery_INCLUDE_DIR}/pg_query.h" DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/libpg_query-15/include)
        install(FILES "${PgQuery_LIBRARY}" DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/libpg_query-15/lib)
    endif()
endif()

configure_package_config_file(cmake/phantomdb-config.cmake.in "${PROJECT_BINARY_DIR}/phantomdb-config.cmake"
                              INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file("${PROJECT_BINARY_DIR}/phantomdb-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/phantomdb-config.cmake" "${PROJECT_BINARY_DIR}/phantomdb-config-version.cmake"
        cmake/dependencies.cmake cmake/FindPgQuery.cmake DESTINATION ${package_folder})
