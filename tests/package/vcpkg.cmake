# SPDX-License-Identifier: BSL-1.0
# cmake -DDAEMONIZER=DIRECTORY -DSOURCE=DIRECTORY -DWORK=DIRECTORY -DGENERATOR=NAME
#       -DCOMPILER=PROGRAM -P vcpkg.cmake
# Runs the port as vcpkg would: its functions are stood in for, as its documentation describes them,
# since vcpkg itself is no package of Debian. Then builds a consumer with what the port has made.
cmake_minimum_required(VERSION 3.20)
file(REMOVE_RECURSE ${WORK})
set(options -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER})
set(port ${DAEMONIZER}/packaging/vcpkg/daemonizer)
set(CURRENT_PACKAGES_DIR ${WORK}/daemonizer)

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "failed: ${ARGN}\n${said}")
    endif()
endfunction()

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
    run(${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${WORK}/build ${options} ${arg_OPTIONS}
        -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}
        -DCMAKE_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION=ON)
endfunction()

function(vcpkg_cmake_install)
    run(${CMAKE_COMMAND} --build ${WORK}/build --target install)
endfunction()

# Moves the CMake package to share/PORT, and makes its files look for the prefix from there.
function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
    file(RENAME ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH} ${CURRENT_PACKAGES_DIR}/share/${PORT})
    file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/share/cmake)
    set(up [[get_filename_component(_IMPORT_PREFIX "${_IMPORT_PREFIX}" PATH)]])
    file(GLOB files ${CURRENT_PACKAGES_DIR}/share/${PORT}/*.cmake)
    foreach(file IN LISTS files)
        file(READ ${file} text)
        string(REPLACE "${up}\n${up}\n${up}" "${up}\n${up}" text "${text}")
        string(REPLACE "CMAKE_CURRENT_LIST_DIR}/../../../" "CMAKE_CURRENT_LIST_DIR}/../../" text
            "${text}")
        file(WRITE ${file} "${text}")
    endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
    set(ENV{PKG_CONFIG_PATH} ${CURRENT_PACKAGES_DIR}/share/pkgconfig)
    run(pkg-config --exists daemonizer)
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
    file(INSTALL ${arg_FILE_LIST} DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT}
        RENAME copyright)
endfunction()

file(READ ${port}/vcpkg.json manifest)
string(JSON PORT GET "${manifest}" name)
foreach(member version description license supports dependencies)
    string(JSON value GET "${manifest}" ${member})
endforeach()
include(${port}/portfile.cmake)

# What vcpkg itself looks for after a build.
foreach(file copyright usage daemonizerConfig.cmake daemonizerTargets.cmake)
    if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/share/${PORT}/${file})
        message(SEND_ERROR "the port installs no ${file}")
    endif()
endforeach()
foreach(directory lib debug bin share/doc)
    if(EXISTS ${CURRENT_PACKAGES_DIR}/${directory})
        message(SEND_ERROR "a port of headers installs no ${directory}")
    endif()
endforeach()

run(${CMAKE_COMMAND} -S ${SOURCE}/find_package -B ${WORK}/consumer ${options}
    -DCMAKE_PREFIX_PATH=${CURRENT_PACKAGES_DIR})
run(${CMAKE_COMMAND} --build ${WORK}/consumer)
run(${WORK}/consumer/consumer)
