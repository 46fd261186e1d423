# Installs BUILD into FOLDER/installed, then configures, builds and runs PROJECT with nothing but that prefix.

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
    message("${output}")
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "failed: ${ARGN}")
    endif()
endfunction()

file(REMOVE_RECURSE "${FOLDER}")
run(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${FOLDER}/installed")
run(${CMAKE_COMMAND} -G Ninja -S "${PROJECT}" -B "${FOLDER}/build" "-DCMAKE_PREFIX_PATH=${FOLDER}/installed"
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build "${FOLDER}/build")
run("${FOLDER}/build/consumer" "${FOLDER}/database")
