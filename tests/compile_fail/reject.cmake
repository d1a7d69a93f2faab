# SPDX-License-Identifier: BSL-1.0
# cmake -DSOURCE=FILE -DCOMPILER=PROGRAM -DFLAGS=LIST -P reject.cmake
set(most_lines 12)
# A line `// lines: N` allows more: of code that the library calls the compiler also says from where.
file(STRINGS ${SOURCE} lines REGEX "^// lines: ")
if(lines)
    string(REGEX REPLACE "^// lines: " "" most_lines "${lines}")
endif()

set(command ${COMPILER} -std=c++20 -fsyntax-only ${FLAGS})

file(STRINGS ${SOURCE} expected REGEX "^// expect: ")
if(NOT expected)
    message(FATAL_ERROR "${SOURCE} has no line `// expect: TEXT`")
endif()

execute_process(COMMAND ${command} ${SOURCE} RESULT_VARIABLE status ERROR_VARIABLE output)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "does not compile even without -DREJECT:\n${output}")
endif()

execute_process(COMMAND ${command} -DREJECT ${SOURCE}
    RESULT_VARIABLE status ERROR_VARIABLE output)
message("${output}")
if(status EQUAL 0)
    message(FATAL_ERROR "compiles with -DREJECT")
endif()

foreach(line IN LISTS expected)
    string(REGEX REPLACE "^// expect: " "" text "${line}")
    string(FIND "${output}" "${text}" place)
    if(place EQUAL -1)
        message(FATAL_ERROR "the compiler does not say: ${text}")
    endif()
endforeach()

# A bracket or semicolon of the output would be CMake's, in a list.
string(REGEX REPLACE "[][;]" "" output "${output}")
string(REGEX MATCHALL "error: " errors "${output}")
list(LENGTH errors count)
string(REGEX MATCHALL "\n[^ \n][^\n]*" lines "\n${output}")
list(LENGTH lines length)
if(count GREATER 1 OR length GREATER most_lines)
    message(FATAL_ERROR
        "${count} errors in ${length} lines; at most 1 in ${most_lines} is what a user reads")
endif()
