# SPDX-License-Identifier: BSL-1.0
# What our own programs are built with; none of it reaches a user of the library.
option(DAEMONIZER_WERROR "Warnings are errors in tests, benchmarks and examples" OFF)
option(DAEMONIZER_SANITIZE "Tests and examples with address and undefined sanitizers" OFF)

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
