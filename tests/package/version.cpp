// SPDX-License-Identifier: BSL-1.0
// Compiling this is the test: the version's macros agree with each other and with CMake's project.
#include VERSION_OF_HEADER

#include <string_view>

#define AS_TEXT(number) #number
#define TEXT(number) AS_TEXT(number)

static_assert(std::string_view{DAEMONIZER_VERSION_STRING} == EXPECTED_VERSION);
static_assert(std::string_view{TEXT(DAEMONIZER_VERSION_MAJOR) "." TEXT(
                  DAEMONIZER_VERSION_MINOR) "." TEXT(DAEMONIZER_VERSION_PATCH)} ==
              DAEMONIZER_VERSION_STRING);
#if DAEMONIZER_VERSION != EXPECTED_NUMBER
#error "DAEMONIZER_VERSION is another number"
#endif
