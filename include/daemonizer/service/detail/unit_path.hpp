// SPDX-License-Identifier: BSL-1.0
// Writes paths as a systemd unit wants them, and finds the runtime directory that it may ask for.
#ifndef DAEMONIZER_SERVICE_DETAIL_UNIT_PATH_HPP
#define DAEMONIZER_SERVICE_DETAIL_UNIT_PATH_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Writes `here`/`path`, or `path` alone where it is absolute, without empty names and single dots.
/// Returns null, or why a unit cannot have that path.
inline auto normal_path(const char* here, const char* path, char (&normal)[PATH_MAX]) -> const
    char* {
    std::size_t length = 0;
    const auto append = [&](const char* from) -> const char* {
        while (*(from += std::strspn(from, "/")) != '\0') {
            const std::size_t size = std::strcspn(from, "/");
            if (size == 2 && std::memcmp(from, "..", 2) == 0)
                return "has .. in it, which a unit does not take";
            if (length + size + 2 > sizeof normal)
                return "is too long";
            if (size != 1 || *from != '.') {
                normal[length++] = '/';
                std::memcpy(normal + length, from, size);
                length += size;
            }
            from += size;
        }
        normal[length] = '\0';
        return nullptr;
    };
    normal[0] = '\0';
    if (path == nullptr || *path == '\0')
        return "is empty";
    const char* const why = *path == '/' ? nullptr : append(here);
    return why != nullptr ? why : append(path);
}

/// The directory below /run, or below the user's runtime directory, that systemd is to make for a
/// service. systemd removes it with its files at the stop, so it must belong to this service alone.
class RuntimeDirectory {
public:
    /// `pid_file` is a normal path, `program` the name of this program.
    RuntimeDirectory(const char* pid_file, const char* program) {
        const char* const file = std::strrchr(pid_file, '/');
        const char* const end = std::strrchr(file, '.');
        const std::size_t own =
            end == nullptr ? std::strlen(file + 1) : static_cast<std::size_t>(end - file - 1);
        const bool is_system = ::geteuid() == 0;
        const char* const names[] = {is_system ? "/run" : std::getenv("XDG_RUNTIME_DIR"),
                                     is_system ? "/var/run" : nullptr};
        for (const char* const named : names) {
            char runtime[PATH_MAX];
            if (named == nullptr || *named != '/' ||
                detail::normal_path("", named, runtime) != nullptr)
                continue;
            const std::size_t length = std::strlen(runtime);
            if (length == 0 || std::strncmp(pid_file, runtime, length) != 0 ||
                pid_file[length] != '/' || pid_file + length == file)
                continue;
            const char* const below = pid_file + length + 1;
            const std::size_t size = std::strcspn(below, "/");
            const auto is_called = [=](const char* name, std::size_t its_size) {
                return its_size == size && std::memcmp(below, name, size) == 0;
            };
            std::snprintf(path_, sizeof path_, "%.*s", static_cast<int>(length + 1 + size),
                          pid_file);
            const bool is_own = is_called(file + 1, own);
            is_shared_ = !is_own && is_called(program, std::strlen(program));
            if ((is_own || is_shared_) && !is_of_the_system(is_called) &&
                is_ours(is_own ? file + 1 : "", own))
                std::snprintf(name_, sizeof name_, "%.*s", static_cast<int>(file - below), below);
        }
    }

    /// Its name, empty if the unit should not ask for one.
    auto name() const -> const char* { return name_; }
    /// Whether other instances of the program may have their files there, too.
    auto is_shared() const -> bool { return is_shared_; }

private:
    template <class IsCalled>
    static auto is_of_the_system(IsCalled is_called) -> bool {
        static constexpr const char* names[] = {"credentials", "dbus",    "host",    "lock",
                                                "log",         "mount",   "network", "private",
                                                "shm",         "systemd", "udev",    "user"};
        for (const char* const name : names)
            if (is_called(name, std::strlen(name)))
                return true;
        return false;
    }

    /// Whether the directory is not there yet; or belongs to this user, nobody else may write into
    /// it, and every name in it begins with the service's own.
    auto is_ours(const char* own, std::size_t size) const -> bool {
        struct stat info {};
        if (::lstat(path_, &info) != 0)
            return errno == ENOENT;
        if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 022) != 0)
            return false;
        const int fd = ::open(path_, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool ours = fd >= 0;
        alignas(8) char entries[2048]; // linux_dirent64: its size at 16, its name at 19
        for (long length;
             ours && (length = ::syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0;)
            for (long at = 0; at < length;) {
                const char* const name = entries + at + 19;
                ours = ours && (*name == '.' || *own == '\0' || std::strncmp(name, own, size) == 0);
                unsigned short step = 0;
                std::memcpy(&step, entries + at + 16, sizeof step);
                at += step;
            }
        if (fd >= 0)
            ::close(fd);
        return ours;
    }

    char path_[PATH_MAX] = "", name_[PATH_MAX] = "";
    bool is_shared_ = false;
};

} // namespace daemonizer::detail

#endif
