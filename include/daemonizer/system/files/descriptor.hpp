// SPDX-License-Identifier: BSL-1.0
// Where a new descriptor may lie.
#ifndef DAEMONIZER_SYSTEM_FILES_DESCRIPTOR_HPP
#define DAEMONIZER_SYSTEM_FILES_DESCRIPTOR_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Keeps descriptors of the library off 0-2, where the stdio step would replace them.
template <class Host>
auto above_stdio(Host host, int fd) -> int {
    if (fd < 0 || fd > 2)
        return fd;
    const int higher = host.duplicate_above_stdio(fd);
    host.close(fd);
    return higher;
}

} // namespace daemonizer::detail

#endif
