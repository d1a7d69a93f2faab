# SPDX-License-Identifier: BSL-1.0
# cmake -DDAEMONIZER=DIRECTORY -DVERSION=VERSION -P versions.cmake: what must repeat the version
# (packages that a tool reads as they stand, and the list of changes) says the same.
set(says_version
    "CHANGELOG.md|^## .?([0-9.]+)"
    "packaging/debian/changelog|^daemonizer .([0-9.]+)"
    "packaging/vcpkg/daemonizer/vcpkg.json|\"version\": \"([0-9.]+)\"")
foreach(entry IN LISTS says_version)
    string(REGEX MATCH "^[^|]*" file "${entry}")
    string(REGEX REPLACE "^[^|]*[|]" "" pattern "${entry}")
    file(STRINGS ${DAEMONIZER}/${file} lines REGEX "${pattern}" LIMIT_COUNT 1)
    string(REGEX MATCH "${pattern}" line "${lines}")
    if(NOT CMAKE_MATCH_1 STREQUAL VERSION)
        message(SEND_ERROR "${file} has version `${CMAKE_MATCH_1}`, version.hpp has ${VERSION}")
    endif()
endforeach()
