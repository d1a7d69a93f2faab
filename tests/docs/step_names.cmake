# SPDX-License-Identifier: BSL-1.0
# docs/errors.md has a row for every name that a step of the library has.
# cmake -DROOT=DIR -P step_names.cmake
file(READ ${ROOT}/docs/errors.md page)
file(GLOB_RECURSE headers ${ROOT}/include/daemonizer/*.hpp)
set(count 0)
foreach(header IN LISTS headers)
    # The names of slots, and of Limit's, whose slot is named after its resource.
    if(header MATCHES "/compose/policy.hpp$|/daemonizer.hpp$")
        continue()
    endif()
    file(STRINGS ${header} lines REGEX "(static constexpr const char\\* name = \"|(fail_step|name_step)\\(\"|give_up\\(start, host, [a-z_.]*, \")")
    foreach(line IN LISTS lines)
        string(REGEX MATCH "\"([^\"]+)\"" _ "${line}")
        math(EXPR count "${count} + 1")
        string(FIND "${page}" "| `${CMAKE_MATCH_1}` |" found)
        if(found EQUAL -1)
            message(SEND_ERROR "docs/errors.md has no row for the step `${CMAKE_MATCH_1}`, see ${header}")
        endif()
    endforeach()
endforeach()
if(count LESS 40)
    message(SEND_ERROR "tests/docs/step_names.cmake found only ${count} names of steps")
endif()
