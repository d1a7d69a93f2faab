// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_VALGRIND_HPP
#define DAEMONIZER_DETAIL_VALGRIND_HPP

#include <cstdlib>
#include <cstring>

namespace daemonizer::detail {

/// Valgrind has the program in a memory of its own, of which /proc tells the program too, and ends
/// it at a clone that it does not know.
inline auto is_under_valgrind() -> bool {
    const char* const preloaded = std::getenv("LD_PRELOAD");
    return preloaded != nullptr && std::strstr(preloaded, "vgpreload") != nullptr;
}

} // namespace daemonizer::detail

#endif
