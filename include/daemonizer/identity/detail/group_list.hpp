// SPDX-License-Identifier: BSL-1.0
// Sorts lists of group ids and compares them with those of the process.
#ifndef DAEMONIZER_IDENTITY_DETAIL_GROUP_LIST_HPP
#define DAEMONIZER_IDENTITY_DETAIL_GROUP_LIST_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstddef>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Sorts in place, in bounded time (heapsort). std::sort would cost compile time.
inline void sort_groups(gid_t* list, std::size_t size) {
    const auto sift = [list](std::size_t at, std::size_t end) {
        for (std::size_t child; (child = 2 * at + 1) < end; at = child) {
            if (child + 1 < end && list[child] < list[child + 1])
                ++child;
            if (list[at] >= list[child])
                return;
            const gid_t larger = list[child];
            list[child] = list[at];
            list[at] = larger;
        }
    };
    for (std::size_t at = size / 2; at-- != 0;)
        sift(at, size);
    while (size > 1) {
        const gid_t largest = list[0];
        list[0] = list[--size];
        list[size] = largest;
        sift(0, size);
    }
}

/// Sorts, removes repetitions and `group`, and returns how many are left.
inline auto only_others(gid_t* list, std::size_t size, gid_t group) -> std::size_t {
    detail::sort_groups(list, size);
    std::size_t left = 0;
    for (std::size_t i = 0; i != size; ++i)
        if (list[i] != group && (left == 0 || list[i] != list[left - 1]))
            list[left++] = list[i];
    return left;
}

/// Returns 1 if the process has exactly these supplementary groups, else 0 or a negative errno. It
/// does not matter whether `group` is among them: the process has its rights anyway. `others` are
/// as only_others leaves them; `room` is for `capacity` ids.
template <class Host>
auto has_groups(const Host& host, gid_t group, const gid_t* others, std::size_t size, gid_t* room,
                std::size_t capacity) -> int {
    const int count = host.groups(capacity, room);
    if (count < 0)
        return count == -EINVAL ? 0 : count; // there are more than the room holds
    if (detail::only_others(room, static_cast<std::size_t>(count), group) != size)
        return 0;
    for (std::size_t i = 0; i != size; ++i)
        if (room[i] != others[i])
            return 0;
    return 1;
}

} // namespace daemonizer::detail

#endif
