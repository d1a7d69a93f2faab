# SPDX-License-Identifier: BSL-1.0
# cmake -DPREFIX=DIRECTORY -DCOMPILER=PROGRAM -DSOURCE=FILE -P pkg_config.cmake
# A consumer without CMake: the compiler and what pkg-config says.
set(ENV{PKG_CONFIG_PATH} ${PREFIX}/share/pkgconfig)
set(program ${PREFIX}/consumer)
file(REMOVE ${program})

execute_process(COMMAND pkg-config --cflags daemonizer
    RESULT_VARIABLE status OUTPUT_VARIABLE flags)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "pkg-config does not know daemonizer")
endif()
separate_arguments(flags UNIX_COMMAND "${flags}")

execute_process(COMMAND ${COMPILER} -std=c++20 ${flags} ${SOURCE} -o ${program}
    RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "the consumer does not compile with ${flags}")
endif()

execute_process(COMMAND ${program} RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "the consumer ends with ${status}")
endif()
