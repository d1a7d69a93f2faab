# SPDX-License-Identifier: BSL-1.0
# Gives the target daemonizer::hana, or a sentence in daemonizer_hana_missing; in
# daemonizer_hana_flags what a bare compiler needs, which mostly is nothing.
# Used by the build and by the installed package alike.

if(TARGET daemonizer::hana)
    return()
endif()

if(NOT TARGET Boost::hana AND NOT TARGET Boost::headers)
    find_package(Boost CONFIG QUIET)
endif()

if(TARGET Boost::hana)
    set(daemonizer_hana Boost::hana)
elseif(TARGET Boost::headers)
    set(daemonizer_hana Boost::headers)
else()
    # No package of Boost's own: its headers alone are enough.
    find_path(DAEMONIZER_HANA_INCLUDE_DIR boost/hana.hpp
        HINTS ${BOOST_ROOT} ${Boost_ROOT} ENV BOOST_ROOT ENV Boost_ROOT
        PATH_SUFFIXES include)
    mark_as_advanced(DAEMONIZER_HANA_INCLUDE_DIR)
    if(NOT DAEMONIZER_HANA_INCLUDE_DIR)
        set(daemonizer_hana_missing "the headers of Boost.Hana (boost/hana.hpp): \
install Debian's package libboost-dev, or say -DBOOST_ROOT=DIRECTORY")
        return()
    endif()
endif()

# Hana's own warnings are not the user's: SYSTEM, as what is imported is anyway.
add_library(daemonizer::hana INTERFACE IMPORTED)
if(daemonizer_hana)
    set_target_properties(daemonizer::hana PROPERTIES INTERFACE_LINK_LIBRARIES ${daemonizer_hana})
    get_target_property(imported ${daemonizer_hana} IMPORTED)
    if(NOT imported)
        set_target_properties(daemonizer::hana PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES
            $<TARGET_PROPERTY:${daemonizer_hana},INTERFACE_INCLUDE_DIRECTORIES>)
    endif()
else()
    set_target_properties(daemonizer::hana PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES ${DAEMONIZER_HANA_INCLUDE_DIR})
endif()
unset(daemonizer_hana)

set(daemonizer_hana_flags "")
foreach(directory IN LISTS Boost_INCLUDE_DIRS DAEMONIZER_HANA_INCLUDE_DIR)
    if(NOT directory IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
        list(APPEND daemonizer_hana_flags -isystem ${directory})
    endif()
endforeach()
