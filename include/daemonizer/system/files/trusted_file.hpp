// SPDX-License-Identifier: BSL-1.0
// Which files a start trusts: one rule for the pid file and for what becomes stdin, stdout, stderr.
#ifndef DAEMONIZER_SYSTEM_FILES_TRUSTED_FILE_HPP
#define DAEMONIZER_SYSTEM_FILES_TRUSTED_FILE_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Returns true for root and for the user of this process.
inline auto is_trusted(uid_t user) -> bool { return user == 0 || user == ::geteuid(); }

/// The rule without its last part, the owner. One link: another name may be a link that a stranger
/// made to a file that is not his.
inline auto objection_to_kind(const struct stat& file) -> const char* {
    if (!S_ISREG(file.st_mode))
        return "is not a regular file";
    if (file.st_nlink > 1)
        return "has more than one name";
    return nullptr;
}

inline constexpr char objection_to_owner[] = "belongs to another user";

/// Returns why a file is not to be trusted, or null. This is the whole rule for a pid file.
inline auto objection_to(const struct stat& file) -> const char* {
    if (const char* const rejection = detail::objection_to_kind(file); rejection != nullptr)
        return rejection;
    return detail::is_trusted(file.st_uid) ? nullptr : objection_to_owner;
}

/// Opens the directory that holds `path`. Returns a descriptor or a negative errno.
template <class Host>
[[gnu::cold, gnu::noinline]] auto open_directory_of(Host host, int directory, const char* path)
    -> int {
    char name[PATH_MAX];
    std::size_t size = 0, parent = 0;
    for (; path[size] != '\0' && size != sizeof name; ++size) {
        name[size] = path[size];
        if (path[size] == '/')
            parent = size + 1;
    }
    name[parent == sizeof name ? parent - 1 : parent] = '\0';
    return host.open(directory, parent == 0 ? "." : name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/// Whether nobody can have put `file` at `path` but root, the user of this process and the file's
/// own owner: a service user's log in the log directory, or in a directory of the service. Looks at
/// every directory up to the root. A group that may write a directory is trusted with it.
template <class Host>
[[gnu::cold]] auto is_in_safe_directory(Host host, int directory, const char* path,
                                        struct stat file) -> bool {
    const uid_t owner = file.st_uid;
    int at = detail::open_directory_of(host, directory, path);
    bool safe = false;
    while (at >= 0) {
        struct stat holder;
        if (host.status(at, holder) < 0)
            break;
        safe =
            holder.st_dev == file.st_dev && holder.st_ino == file.st_ino; // the root holds itself
        // In a directory with the sticky bit others cannot replace what is not theirs.
        const bool others_write = (holder.st_mode & S_IWOTH) != 0;
        const bool stays = (holder.st_mode & S_ISVTX) != 0 && detail::is_trusted(file.st_uid);
        if (safe || (!detail::is_trusted(holder.st_uid) && holder.st_uid != owner) ||
            (others_write && !stays))
            break;
        file = holder;
        const int above = host.open(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        host.close(at);
        at = above;
    }
    if (at >= 0)
        host.close(at);
    return safe;
}

/// The rule for what becomes stdin, stdout or stderr: as for a pid file, but a character device
/// (/dev/null, a terminal) is good, and another user's file where only he can have put it.
/// `Extra` is one more type that is good: S_IFIFO for an input.
template <mode_t Extra, class Host>
auto objection_to_stream(Host host, const struct stat& file, int directory, const char* path)
    -> const char* {
    if (S_ISCHR(file.st_mode))
        return nullptr;
    if (Extra == 0 || (file.st_mode & S_IFMT) != Extra)
        if (const char* const rejection = detail::objection_to_kind(file); rejection != nullptr)
            return rejection;
    if (detail::is_trusted(file.st_uid) ||
        detail::is_in_safe_directory(host, directory, path, file))
        return nullptr;
    return objection_to_owner;
}

} // namespace daemonizer::detail

#endif
