# Finds a clang++ of version 16 or newer beside the compiler of this build. Defines Clang_COMPILER.
find_program(Clang_COMPILER NAMES clang++-22 clang++-21 clang++-20 clang++-19 clang++-18 clang++-17 clang++-16 clang++)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Clang REQUIRED_VARS Clang_COMPILER)
