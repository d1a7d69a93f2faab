# SPDX-License-Identifier: BSL-1.0
# cmake -DDAEMONIZER=DIRECTORY -DSOURCE=DIRECTORY -DWORK=DIRECTORY -DCOMPILER=PROGRAM -P meson.cmake
# A consumer with Meson, which has daemonizer as a subproject; then with one that Meson installed.
find_program(MESON meson)
if(NOT MESON)
    message("skipped: no meson here")
    return()
endif()
file(REMOVE_RECURSE ${WORK})
set(ENV{CXX} ${COMPILER})

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
    if(NOT status EQUAL 0)
        message(FATAL_ERROR "failed: ${ARGN}\n${said}")
    endif()
endfunction()

function(use name)
    file(COPY ${SOURCE}/meson/meson.build ${SOURCE}/consumer.cpp DESTINATION ${WORK}/${name})
    run(${MESON} setup ${WORK}/${name}/build ${WORK}/${name} ${ARGN})
    run(${MESON} test -C ${WORK}/${name}/build)
endfunction()

# Only what the subproject needs, and none of the build directories that may lie beside it.
file(COPY ${DAEMONIZER}/meson.build ${DAEMONIZER}/include
    DESTINATION ${WORK}/subproject/subprojects/daemonizer)
file(WRITE ${WORK}/subproject/subprojects/daemonizer.wrap
    "[wrap-file]\ndirectory = daemonizer\n\n[provide]\ndependency_names = daemonizer\n")
use(subproject --force-fallback-for=daemonizer)

run(${MESON} install -C ${WORK}/subproject/build --destdir ${WORK}/root)
file(GLOB_RECURSE headers RELATIVE ${DAEMONIZER}/include ${DAEMONIZER}/include/*.hpp)
foreach(header IN LISTS headers)
    if(NOT EXISTS ${WORK}/root/usr/local/include/${header})
        message(FATAL_ERROR "not installed: ${header}")
    endif()
endforeach()
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${WORK}/root)
use(installed --pkg-config-path=${WORK}/root/usr/local/share/pkgconfig)
