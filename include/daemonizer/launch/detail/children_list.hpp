// SPDX-License-Identifier: BSL-1.0
// The numbers of the children that this process has now.
#ifndef DAEMONIZER_LAUNCH_DETAIL_CHILDREN_LIST_HPP
#define DAEMONIZER_LAUNCH_DETAIL_CHILDREN_LIST_HPP

#include <daemonizer/system/abi.hpp>

#include <fcntl.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Calls `act(pid)` for each child that /proc names: decimal numbers with a blank behind each. Of
/// very many only the first are read; whoever ends them asks again. Where there is no such file
/// (no /proc, a kernel without CONFIG_PROC_CHILDREN) it calls nothing. A number may be one of
/// another pid namespace, that of the mount: `act` must not take it for a child's.
template <class Host, class Act>
[[gnu::cold]] void each_listed_child(const Host& host, Act act) {
    const int list = host.open(AT_FDCWD, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (list < 0)
        return;
    char text[2048];
    const long size = host.read(list, text, sizeof text);
    host.close(list);
    pid_t number = 0;
    for (long i = 0; i < size; ++i) {
        if (text[i] >= '0' && text[i] <= '9') {
            number = number * 10 + (text[i] - '0');
        } else {
            if (number > 0)
                act(number);
            number = 0;
        }
    }
}

} // namespace daemonizer::detail

#endif
