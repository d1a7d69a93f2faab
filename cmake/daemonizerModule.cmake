# SPDX-License-Identifier: BSL-1.0
# Gives the target daemonizer::module, for `import daemonizer;`, or a sentence in
# daemonizer_module_missing. It is compiled as a part of the project that asks for it, since what
# compilers make of a module fits only one compiler and one set of flags. Used by the build and by the
# installed package alike; daemonizer_module_source is the file to compile.
if(TARGET daemonizer::module)
    return()
endif()

if(CMAKE_VERSION VERSION_LESS 3.28)
    set(daemonizer_module_missing "CMake 3.28 or later for its module")
    return()
endif()
if(NOT CMAKE_GENERATOR MATCHES "Ninja|Visual Studio")
    set(daemonizer_module_missing "the generator Ninja for its module")
    return()
endif()

get_filename_component(daemonizer_module_directory ${daemonizer_module_source} DIRECTORY)
add_library(daemonizer_module STATIC)
add_library(daemonizer::module ALIAS daemonizer_module)
target_sources(daemonizer_module PUBLIC
    FILE_SET CXX_MODULES BASE_DIRS ${daemonizer_module_directory} FILES ${daemonizer_module_source})
target_link_libraries(daemonizer_module PUBLIC daemonizer::daemonizer)
set_target_properties(daemonizer_module PROPERTIES CXX_SCAN_FOR_MODULES ON)
