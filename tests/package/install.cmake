# SPDX-License-Identifier: BSL-1.0
# cmake -DBUILD=DIRECTORY -DPREFIX=DIRECTORY -P install.cmake: into an empty prefix
file(REMOVE_RECURSE ${PREFIX})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX}
    RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "cmake --install fails")
endif()

set(manual "")
find_program(PANDOC pandoc)
if(PANDOC)
    set(manual share/man/man7/daemonizer.7)
endif()
foreach(file ${manual} include/daemonizer/daemonizer.hpp share/doc/daemonizer/LICENSE
        share/pkgconfig/daemonizer.pc share/cmake/daemonizer/daemonizerConfig.cmake
        share/cmake/daemonizer/daemonizerConfigVersion.cmake)
    if(NOT EXISTS ${PREFIX}/${file})
        message(FATAL_ERROR "not installed: ${file}")
    endif()
endforeach()
