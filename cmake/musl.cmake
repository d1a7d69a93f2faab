# SPDX-License-Identifier: BSL-1.0
# For programs of ours that are linked with a C library alone. Gives
#   hana_alone      a directory with Boost and nothing else: beside it there often are glibc's headers
#   musl_compiler   musl-gcc as a compiler of C++, with libstdc++'s headers but not its library

find_path(DAEMONIZER_BOOST_DIR boost/hana.hpp
    HINTS ${Boost_INCLUDE_DIRS} ${DAEMONIZER_HANA_INCLUDE_DIR})
mark_as_advanced(DAEMONIZER_BOOST_DIR)
set(hana_alone ${PROJECT_BINARY_DIR}/hana)
file(MAKE_DIRECTORY ${hana_alone})
file(CREATE_LINK ${DAEMONIZER_BOOST_DIR}/boost ${hana_alone}/boost SYMBOLIC)

# The headers expect a macro of glibc's.
set(musl_compiler musl-gcc -x c++ -std=c++20 -static "-D__GLIBC_PREREQ(a,b)=0")
foreach(directory IN LISTS CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    if(directory MATCHES "/c\\+\\+/")
        list(APPEND musl_compiler -isystem ${directory})
    endif()
endforeach()
list(APPEND musl_compiler -I${PROJECT_SOURCE_DIR}/include -isystem ${hana_alone})
