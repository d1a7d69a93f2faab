# SPDX-License-Identifier: BSL-1.0
# cmake -DROOT=DIRECTORY -P format.cmake: is every source formatted as .clang-format says?
find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
if(NOT CLANG_FORMAT)
    message("skipped: no clang-format here")
    return()
endif()
execute_process(COMMAND ${CLANG_FORMAT} --version OUTPUT_VARIABLE version)
if(NOT version MATCHES "version 14\\.")
    message("skipped: version 14 decides, others break some lines elsewhere; this is ${version}")
    return()
endif()

set(sources "")
foreach(room include tests examples bench)
    file(GLOB_RECURSE found ${ROOT}/${room}/*.hpp ${ROOT}/${room}/*.cpp)
    list(APPEND sources ${found})
endforeach()
execute_process(COMMAND ${CLANG_FORMAT} --dry-run -Werror --style=file ${sources}
    RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "not formatted: run ${CLANG_FORMAT} -i on what is named above")
endif()
