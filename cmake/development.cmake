# SPDX-License-Identifier: BSL-1.0
# What our own programs are built with; none of it reaches a user of the library.
option(DAEMONIZER_WERROR "Warnings are errors in tests, benchmarks and examples" OFF)
option(DAEMONIZER_SANITIZE "Tests and examples with address and undefined sanitizers" OFF)
option(DAEMONIZER_COVERAGE "Tests count which lines they execute (see tests/coverage/run)" OFF)

set(CMAKE_CXX_EXTENSIONS OFF)

add_library(daemonizer_development INTERFACE)
target_link_libraries(daemonizer_development INTERFACE daemonizer)
set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(DAEMONIZER_WERROR)
    list(APPEND warnings -Werror)
endif()
target_compile_options(daemonizer_development INTERFACE ${warnings})

if(DAEMONIZER_SANITIZE)
    set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(daemonizer_development INTERFACE ${sanitize})
    target_link_options(daemonizer_development INTERFACE ${sanitize})
endif()

if(DAEMONIZER_COVERAGE)
    set(coverage ${PROJECT_SOURCE_DIR}/tests/coverage)
    target_compile_options(daemonizer_development INTERFACE -O0 --coverage -fprofile-abs-path
        -fprofile-update=atomic -fprofile-info-section=coverage_records -fdata-sections)
    target_link_options(daemonizer_development INTERFACE --coverage -Wl,--build-id
        -Wl,-T,${coverage}/counters.ld)
    add_library(shared_counters OBJECT ${coverage}/shared_counters.cpp)
    target_compile_features(shared_counters PRIVATE cxx_std_20)
    target_compile_options(shared_counters PRIVATE ${warnings})
    target_compile_definitions(shared_counters PRIVATE COVERAGE_BUILD="${CMAKE_BINARY_DIR}")
    target_link_libraries(daemonizer_development INTERFACE $<TARGET_OBJECTS:shared_counters>)
endif()
