# SPDX-License-Identifier: BSL-1.0
# For programs of ours that are linked with a C library alone. Gives
#   hana_alone      a directory with Boost and nothing else: beside it there often are glibc's headers
#   small           what makes a program as small as it gets
#   musl_compiler   musl-gcc as a compiler of C++, with libstdc++'s headers but not its library
#   add_musl_program(NAME SOURCE ARGUMENT...), which does nothing where there is no musl-gcc

find_path(DAEMONIZER_BOOST_DIR boost/hana.hpp
    HINTS ${Boost_INCLUDE_DIRS} ${DAEMONIZER_HANA_INCLUDE_DIR})
mark_as_advanced(DAEMONIZER_BOOST_DIR)
set(hana_alone ${PROJECT_BINARY_DIR}/hana)
file(MAKE_DIRECTORY ${hana_alone})
file(CREATE_LINK ${DAEMONIZER_BOOST_DIR}/boost ${hana_alone}/boost SYMBOLIC)

set(small -Os -fno-exceptions -fno-rtti -fno-asynchronous-unwind-tables
    -ffunction-sections -fdata-sections -Wl,--gc-sections -s)

# The headers expect a macro of glibc's.
set(musl_compiler musl-gcc -x c++ -std=c++20 -static "-D__GLIBC_PREREQ(a,b)=0")
foreach(directory IN LISTS CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    if(directory MATCHES "/c\\+\\+/")
        list(APPEND musl_compiler -isystem ${directory})
    endif()
endforeach()
list(APPEND musl_compiler -I${PROJECT_SOURCE_DIR}/include -isystem ${hana_alone})

find_program(MUSL_GCC musl-gcc)

function(add_musl_program name source)
    if(NOT MUSL_GCC)
        return()
    endif()
    get_filename_component(source ${source} ABSOLUTE)
    add_custom_command(OUTPUT ${name}
        COMMAND ${musl_compiler} ${warnings} ${ARGN} -MMD -MF ${name}.d -MT ${name} ${source} -o ${name}
        DEPENDS ${source} DEPFILE ${name}.d VERBATIM)
    add_custom_target(${name}_program ALL DEPENDS ${name})
endfunction()
