// SPDX-License-Identifier: BSL-1.0
// Asks libc's name service (NSS: files, LDAP, systemd's own users), where the program has it.
#ifndef DAEMONIZER_IDENTITY_DETAIL_NAME_SERVICE_HPP
#define DAEMONIZER_IDENTITY_DETAIL_NAME_SERVICE_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstddef>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

// struct passwd and struct group, as every C library of Linux lays them out. <pwd.h> and <grp.h>
// are not included: they would put these two names into the global namespace of every program.
struct PasswdEntry {
    char *name, *password;
    uid_t user;
    gid_t group;
    char *about, *home, *shell;
};
struct GroupEntry {
    char *name, *password;
    gid_t group;
    char** members;
};

// Weak names for libc's functions, for which no linker searches a library. In a static program they
// are null pointers; else it would load a second libc to find a user, and fail on a machine with
// another version. In a dynamic program libc.so is there, and has them.
extern "C" {
// clang-format off
[[maybe_unused, gnu::weakref("getpwnam_r")]]
static int daemonizer_getpwnam_r(const char*, PasswdEntry*, char*, std::size_t, PasswdEntry**);
[[maybe_unused, gnu::weakref("getgrnam_r")]]
static int daemonizer_getgrnam_r(const char*, GroupEntry*, char*, std::size_t, GroupEntry**);
[[maybe_unused, gnu::weakref("getgrouplist")]]
static int daemonizer_getgrouplist(const char*, gid_t, gid_t*, int*);
// clang-format on
}

inline auto has_name_service() -> bool {
    return &daemonizer_getpwnam_r != nullptr && &daemonizer_getgrnam_r != nullptr &&
           &daemonizer_getgrouplist != nullptr;
}

/// Calls `look_up(buffer, size)` with more and more room while it answers ERANGE: a group with many
/// members needs megabytes. Returns 1 if it was found, 0 if not, or a negative errno.
template <class Host, class LookUp>
auto look_up_with_room(const Host& host, LookUp look_up) -> int {
    constexpr std::size_t most = 256UL << 20;
    for (std::size_t size = 64UL << 10; size <= most; size *= 16) {
        void* const room = host.map_memory(size);
        if (room == nullptr)
            return -ENOMEM;
        const int found = look_up(static_cast<char*>(room), size);
        host.unmap(reinterpret_cast<unsigned long>(room), size);
        if (found != -ERANGE)
            return found == -ENOENT || found == -ESRCH ? 0 : found; // getpwnam(3): "not found"
    }
    return -ERANGE;
}

template <class Host>
auto find_user(const Host& host, const char* name, uid_t& uid, gid_t& gid) -> int {
    return detail::look_up_with_room(host, [&](char* room, std::size_t size) {
        PasswdEntry entry{};
        PasswdEntry* found = nullptr;
        const int error = daemonizer_getpwnam_r(name, &entry, room, size, &found);
        if (found == nullptr)
            return -error;
        uid = found->user;
        gid = found->group;
        return 1;
    });
}

template <class Host>
auto find_group(const Host& host, const char* name, gid_t& gid) -> int {
    return detail::look_up_with_room(host, [&](char* room, std::size_t size) {
        GroupEntry entry{};
        GroupEntry* found = nullptr;
        const int error = daemonizer_getgrnam_r(name, &entry, room, size, &found);
        if (found == nullptr)
            return -error;
        gid = found->group;
        return 1;
    });
}

/// Writes at most `capacity` of the user's groups, `group` among them. Returns how many there are.
inline auto list_groups(const char* user, gid_t group, gid_t* list, std::size_t capacity)
    -> std::size_t {
    int size = static_cast<int>(capacity);
    daemonizer_getgrouplist(user, group, list, &size);
    return static_cast<std::size_t>(size);
}

} // namespace daemonizer::detail

#endif
