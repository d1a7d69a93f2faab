// SPDX-License-Identifier: BSL-1.0
// Headers of the system and of others that make macros of common words, where they are here.
#include <complex.h>
#include <sys/sysmacros.h>

#if __has_include(<term.h>)
#include <term.h>
#endif
#if __has_include(<X11/Xlib.h>)
#include <X11/Xlib.h>
#endif

#include <daemonizer/command_line.hpp>
#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>
#include <daemonizer/policy.hpp>
#include <daemonizer/take_option.hpp>

auto behind_headers() -> int {
    return daemonizer::Daemonizer{}.run([] {});
}
