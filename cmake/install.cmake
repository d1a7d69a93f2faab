# SPDX-License-Identifier: BSL-1.0
# Headers, module, CMake package, CPS and pkg-config file; all of it may be moved as a whole. It is
# the component `daemonizer`. Without DAEMONIZER_INSTALL a plain installation leaves that out: a part
# of a parent project is nobody's business, unless the parent exports a target that links to it. Such
# a package cannot be found without this one, so then both are installed.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/daemonizer)
set(rule COMPONENT daemonizer)
if(NOT DAEMONIZER_INSTALL)
    list(APPEND rule EXCLUDE_FROM_ALL)
    install(CODE "
        file(GLOB_RECURSE exports \"${CMAKE_BINARY_DIR}/CMakeFiles/Export/*.cmake\")
        foreach(export IN LISTS exports)
            file(STRINGS \${export} needs REGEX \"INTERFACE_LINK_LIBRARIES.*daemonizer::daemonizer\")
            if(needs)
                execute_process(COMMAND \${CMAKE_COMMAND} --install \"${PROJECT_BINARY_DIR}\"
                    --prefix \${CMAKE_INSTALL_PREFIX} --component daemonizer)
                break()
            endif()
        endforeach()")
endif()

set(pkgconfig_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)

target_include_directories(daemonizer INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/daemonizer
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} ${rule} FILES_MATCHING PATTERN *.hpp)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} ${rule})

install(TARGETS daemonizer EXPORT daemonizer)
install(EXPORT daemonizer NAMESPACE daemonizer:: FILE daemonizerTargets.cmake
    DESTINATION ${package_dir} ${rule})
# The build tree is a package, too.
set(package_files
    ${PROJECT_SOURCE_DIR}/cmake/daemonizerHana.cmake
    ${PROJECT_SOURCE_DIR}/cmake/daemonizerModule.cmake
    ${daemonizer_module_source})
foreach(file IN LISTS package_files)
    configure_file(${file} ${PROJECT_BINARY_DIR} COPYONLY)
endforeach()
export(EXPORT daemonizer NAMESPACE daemonizer:: FILE ${PROJECT_BINARY_DIR}/daemonizerTargets.cmake)
configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/cmake/daemonizerConfig.cmake.in
    ${PROJECT_BINARY_DIR}/daemonizerConfig.cmake
    INSTALL_DESTINATION ${package_dir}
    NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(
    ${PROJECT_BINARY_DIR}/daemonizerConfigVersion.cmake
    COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
    ${PROJECT_BINARY_DIR}/daemonizerConfig.cmake
    ${PROJECT_BINARY_DIR}/daemonizerConfigVersion.cmake
    ${package_files}
    DESTINATION ${package_dir} ${rule})

# Manual pages, docs/man/NAME.SECTION.md, for man(1): made here and not in a build, which a library of
# headers needs not have. Without pandoc there are none. What follows PAGE goes to install().
find_program(DAEMONIZER_PANDOC pandoc)
mark_as_advanced(DAEMONIZER_PANDOC)
function(daemonizer_install_manual_page page)
    set(source ${PROJECT_SOURCE_DIR}/docs/man/${page}.md)
    set(manual ${PROJECT_BINARY_DIR}/man/${page})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    if(NOT DAEMONIZER_PANDOC)
        message(STATUS "no manual page ${page}: needs pandoc")
        return()
    endif()
    if(${source} IS_NEWER_THAN ${manual})
        execute_process(COMMAND ${PROJECT_SOURCE_DIR}/docs/man/make
                ${DAEMONIZER_PANDOC} ${PROJECT_VERSION} ${source} ${manual}
            RESULT_VARIABLE failed)
        if(failed)
            message(FATAL_ERROR "${source} is no manual page")
        endif()
    endif()
    string(REGEX REPLACE ".*\\." "" section ${page})
    install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} ${ARGN})
endfunction()
if(DAEMONIZER_INSTALL)
    daemonizer_install_manual_page(daemonizer.7 ${rule})
endif()

# pkg-config knows no Boost, so the flags are spelt out.
list(JOIN daemonizer_hana_flags " " pkgconfig_flags)
set(pkgconfig_includedir ${CMAKE_INSTALL_INCLUDEDIR})
if(NOT IS_ABSOLUTE ${pkgconfig_includedir})
    file(RELATIVE_PATH to_prefix /${pkgconfig_dir} /)
    set(pkgconfig_includedir "\${pcfiledir}/${to_prefix}${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/daemonizer.pc.in
    ${PROJECT_BINARY_DIR}/daemonizer.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/daemonizer.pc DESTINATION ${pkgconfig_dir} ${rule})

# A description for other build systems, too (https://cps-org.github.io/cps). CMake 4.3 and later
# prefer it to the files above, although it can name neither a module nor a Boost that is no package:
# only where it is asked for.
if(DAEMONIZER_CPS)
    set(cps_dir ${CMAKE_INSTALL_DATADIR}/cps/daemonizer)
    set(cps_prefix "@prefix@")
    set(cps_includedir ${CMAKE_INSTALL_INCLUDEDIR})
    if(NOT IS_ABSOLUTE ${cps_includedir})
        set(cps_includedir ${cps_prefix}/${cps_includedir})
    endif()
    configure_file(${PROJECT_SOURCE_DIR}/packaging/daemonizer.cps.in
        ${PROJECT_BINARY_DIR}/daemonizer.cps @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/daemonizer.cps DESTINATION ${cps_dir} ${rule})
endif()
