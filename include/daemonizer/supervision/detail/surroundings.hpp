// SPDX-License-Identifier: BSL-1.0
// Keeps directory, umask and limits of a start, to execute another program with them.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_SURROUNDINGS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_SURROUNDINGS_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

struct Surroundings {
    static constexpr int resources = RLIM_NLIMITS;

    int directory = -1; ///< held open, for a path that was relative
    mode_t mask = 0;
    rlimit limits[resources];

    /// Returns 0 or a negative errno.
    template <class Host>
    auto read(const Host& host) -> int {
        constexpr int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
        directory = detail::above_stdio(host, host.open(AT_FDCWD, ".", flags));
        if (directory < 0)
            return directory;
        mask = host.set_umask(0);
        host.set_umask(mask);
        for (int i = 0; i != resources; ++i)
            if (const int error = host.limit(i, limits[i]); error < 0)
                return error;
        return 0;
    }

    /// Returns 0 or a negative errno, of the directory. A limit that may not be restored, since a
    /// user cannot raise it, stays.
    template <class Host>
    auto restore(const Host& host) const -> int {
        const int error = host.change_directory(directory);
        host.set_umask(mask);
        for (int i = 0; i != resources; ++i)
            host.set_limit(i, limits[i]);
        return error;
    }

    template <class Host>
    void close(const Host& host) {
        if (directory >= 0)
            host.close(directory);
        directory = -1;
    }
};

} // namespace daemonizer::detail

#endif
