// SPDX-License-Identifier: BSL-1.0
// Closes all descriptors above 2 but some.
#ifndef DAEMONIZER_PROCESS_DETAIL_CLOSE_DESCRIPTORS_HPP
#define DAEMONIZER_PROCESS_DETAIL_CLOSE_DESCRIPTORS_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/listed_descriptors.hpp>

#include <sys/resource.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The descriptors above 2 that stay open: those that `each(keep)` calls `keep(fd)` for, every time
/// that it is called. They are asked for anew instead of stored, so their number has no bound.
template <class Each>
class SparedDescriptors {
public:
    explicit SparedDescriptors(Each each) : each_{each} {}

    auto has(int fd) const -> bool {
        return fd > 2 && next_from(static_cast<unsigned>(fd)) == static_cast<unsigned>(fd);
    }

    /// Calls `close(first, last)` for each gap between them, until one answers an error.
    template <class Close>
    auto each_gap(Close close) const -> int {
        for (unsigned first = 3, next = 0; next != last; first = next + 1) {
            next = next_from(first);
            if (first == next)
                continue;
            if (const int error = close(first, next == last ? last : next - 1); error < 0)
                return error;
        }
        return 0;
    }

private:
    static constexpr unsigned last = ~0U;

    /// The least of them that is not below `first`, or `last`.
    [[gnu::noinline]] auto next_from(unsigned first) const -> unsigned {
        unsigned next = last;
        each_([&](int spared) {
            if (const auto fd = static_cast<unsigned>(spared); spared > 2 && fd >= first)
                next = fd < next ? fd : next;
        });
        return next;
    }

    Each each_;
};

/// Closes what /proc/self/fd lists. Answers the negative errno where it cannot be listed.
template <class Host, class Spared>
auto close_listed(Host host, const Spared& spared) -> int {
    return detail::each_listed_descriptor(host, [&](int fd) {
        if (fd > 2 && !spared.has(fd))
            host.close(fd);
        return false;
    });
}

/// The last resort: up to the limit, which may be 2^30, but not beyond the kernel's own bound for a
/// process unless an administrator has raised it (fs.nr_open).
template <class Host, class Spared>
auto close_one_by_one(Host host, const Spared& spared) -> int {
    constexpr rlim_t bound = 1U << 20;
    rlimit limit{};
    if (const int error = host.descriptor_limit(limit); error < 0)
        return error;
    const int end = static_cast<int>(limit.rlim_max < bound ? limit.rlim_max : bound);
    for (int fd = 3; fd < end; ++fd)
        if (!spared.has(fd))
            host.close(fd);
    return 0;
}

template <class Host, class Spared>
auto close_all_but(Host host, const Spared& spared) -> int {
    // ENOSYS before Linux 5.9; EPERM from the sandboxes that are older than it.
    if (spared.each_gap(
            [&](unsigned first, unsigned last) { return host.close_range(first, last); }) >= 0)
        return 0;
    if (detail::close_listed(host, spared) >= 0)
        return 0;
    return detail::close_one_by_one(host, spared);
}

} // namespace daemonizer::detail

#endif
