// SPDX-License-Identifier: BSL-1.0
// Lists the descriptors of this process.
#ifndef DAEMONIZER_SYSTEM_FILES_LISTED_DESCRIPTORS_HPP
#define DAEMONIZER_SYSTEM_FILES_LISTED_DESCRIPTORS_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// As the function below, with a visitor of any type: one copy for all of a program's.
template <class Host>
[[gnu::cold, gnu::noinline]] auto each_listed_descriptor(Host host, void* visitor,
                                                         bool (*visit)(void*, int)) -> int {
    const int directory = host.open(AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return directory;
    struct Entry { // of getdents64(2)
        std::uint64_t inode;
        std::int64_t next;
        std::uint16_t size;
        unsigned char type;
        char name[1];
    };
    alignas(Entry) char entries[2048];
    long size = 0;
    bool found = false;
    while (!found && (size = host.list_directory(directory, entries, sizeof entries)) > 0) {
        for (long at = 0; at < size && !found;) {
            std::uint16_t length;
            std::memcpy(&length, entries + at + offsetof(Entry, size), sizeof length);
            const char* digit = entries + at + offsetof(Entry, name);
            if (*digit >= '0' && *digit <= '9') { // not "." and ".."
                int fd = 0;
                for (; *digit >= '0' && *digit <= '9'; ++digit)
                    fd = fd * 10 + (*digit - '0');
                found = fd != directory && visit(visitor, fd);
            }
            at += length;
        }
    }
    host.close(directory);
    return found ? 1 : static_cast<int>(size);
}

/// Calls `visit(fd)` for each descriptor that /proc/self/fd lists, until one answers true; `visit`
/// may close it. Returns 1 then, 0 at the end of the list, or a negative errno where there is none.
template <class Host, class Visit>
auto each_listed_descriptor(Host host, Visit visit) -> int {
    return detail::each_listed_descriptor(
        host, &visit, [](void* visitor, int fd) { return (*static_cast<Visit*>(visitor))(fd); });
}

} // namespace daemonizer::detail

#endif
