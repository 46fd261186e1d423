# How this project's own code is compiled. Nothing here reaches those who use the installed package.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
    message(FATAL_ERROR "phantomdb needs g++ 12 or newer, this one is ${CMAKE_CXX_COMPILER_VERSION}")
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
    message(FATAL_ERROR "phantomdb needs clang 16 or newer, this one is ${CMAKE_CXX_COMPILER_VERSION}")
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_program(MOLD mold)
find_program(LLD NAMES ld.lld ld.lld-19 ld.lld-18 ld.lld-17 ld.lld-16)
if(MOLD)
    add_link_options(-fuse-ld=mold)
elseif(LLD AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    add_link_options(--ld-path=${LLD})
endif()

add_library(phantomdb_strict INTERFACE)
set(strict_warnings -Wall -Wextra -Wpedantic -Wshadow -Werror)
target_compile_options(phantomdb_strict INTERFACE ${strict_warnings})
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ sees overruns in inlined std::string and std::vector that are not there.
    target_compile_options(phantomdb_strict INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread
                           -Wno-array-bounds -Wno-maybe-uninitialized)
    if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
        target_compile_options(phantomdb_strict INTERFACE -Wno-dangling-reference)
    endif()
    if(PHANTOMDB_SANITIZE MATCHES "thread")  # fences inside Asio, beside which there are locks
        target_compile_options(phantomdb_strict INTERFACE -Wno-tsan)
    endif()
endif()

if(PHANTOMDB_SANITIZE)
    add_compile_options(-fsanitize=${PHANTOMDB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${PHANTOMDB_SANITIZE})
endif()
