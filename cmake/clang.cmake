# Toolchain: the newest clang at hand, 16 or newer.
find_program(clang_path NAMES clang++-22 clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++ REQUIRED)
set(CMAKE_CXX_COMPILER "${clang_path}")
