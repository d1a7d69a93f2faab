# SPDX-License-Identifier: BSL-1.0
# Headers, CMake package and pkg-config file; all of it may be moved as a whole.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/daemonizer)
set(pkgconfig_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)

target_include_directories(daemonizer INTERFACE
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/daemonizer
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

install(TARGETS daemonizer EXPORT daemonizer)
install(EXPORT daemonizer NAMESPACE daemonizer:: FILE daemonizerTargets.cmake
    DESTINATION ${package_dir})
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
    ${PROJECT_SOURCE_DIR}/cmake/daemonizerHana.cmake
    DESTINATION ${package_dir})

# pkg-config knows no Boost, so the flags are spelt out.
list(JOIN daemonizer_hana_flags " " pkgconfig_flags)
set(pkgconfig_includedir ${CMAKE_INSTALL_INCLUDEDIR})
if(NOT IS_ABSOLUTE ${pkgconfig_includedir})
    file(RELATIVE_PATH to_prefix /${pkgconfig_dir} /)
    set(pkgconfig_includedir "\${pcfiledir}/${to_prefix}${CMAKE_INSTALL_INCLUDEDIR}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/daemonizer.pc.in
    ${PROJECT_BINARY_DIR}/daemonizer.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/daemonizer.pc DESTINATION ${pkgconfig_dir})
