# Compiles SOURCE with COMPILER twice: with PHANTOMDB_CONTROL it must succeed, without it fail saying the expected sentence.

file(STRINGS "${SOURCE}" first_line LIMIT_COUNT 1)
if(NOT first_line MATCHES "^// expect: (.+)$")
    message(FATAL_ERROR "the first line of ${SOURCE} is not '// expect: <sentence>'")
endif()
set(sentence "${CMAKE_MATCH_1}")
set(command ${COMPILER} -std=c++20 -fsyntax-only -I${INCLUDE})
set(ENV{LC_ALL} C)

execute_process(COMMAND ${command} -DPHANTOMDB_CONTROL ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE errors OUTPUT_QUIET)
if(NOT result EQUAL 0)
    message("${errors}")
    message(FATAL_ERROR "with PHANTOMDB_CONTROL this must compile, but does not")
endif()

execute_process(COMMAND ${command} ${SOURCE} RESULT_VARIABLE result ERROR_VARIABLE errors OUTPUT_QUIET)
if(result EQUAL 0)
    message(FATAL_ERROR "this compiles, but must fail with: ${sentence}")
endif()
# Clang shows a sentence that was made inside the compiler in lines, as adjacent strings.
string(REPLACE "\", \"" "" errors "${errors}")
string(FIND "${errors}" "${sentence}" place)
if(place EQUAL -1)
    message("${errors}")
    message(FATAL_ERROR "this fails, but without the sentence: ${sentence}")
endif()
string(LENGTH "${errors}" length)
message("fails as expected, in ${length} characters: ${sentence}")
