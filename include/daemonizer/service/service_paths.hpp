// SPDX-License-Identifier: BSL-1.0
// The paths of a service's files, unless it is told others: the system's directories for root
// (Filesystem Hierarchy Standard 3.0), those of the XDG Base Directory Specification for other
// users.
#ifndef DAEMONIZER_SERVICE_SERVICE_PATHS_HPP
#define DAEMONIZER_SERVICE_SERVICE_PATHS_HPP

#if __cplusplus < 202002L
#error "daemonizer needs C++20: compile with -std=c++20"
#else

#include <daemonizer/system/abi.hpp>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Names the service that the files belong to. `instance` tells several of one program apart, whose
/// files are then named `NAME@INSTANCE`; it is null or "" where there is only one. Neither may have
/// a slash. The caller owns the characters.
struct ServiceName {
    const char* name;               ///< the program's, such as "clockd"
    const char* instance = nullptr; ///< which of several, or null
};

/// A path, with the memory for it. It is empty where no directory is known; PidFile and LogStdio
/// refuse that with "path: is empty". It must live as long as the policy that points to it.
class ServicePath {
public:
    /// The characters, which live as long as this object.
    auto c_str() const -> const char* { return text_; }
    /// The same as c_str().
    operator const char*() const { return text_; }

private:
    friend struct ServiceDirectory;
    char text_[PATH_MAX + 1] = ""; // what does not fit is still too long for the kernel
};

/// A kind of directory: the system's, and how a user's is found. For kinds of your own.
struct ServiceDirectory {
    const char* of_system;  ///< "/var/log"
    const char* variable;   ///< "XDG_STATE_HOME"
    const char* below_home; ///< "/.local/state", where the variable is not set
    /// Decides what to do if the variable is set to something else than an absolute path. If true,
    /// there is no path: two starts with different values must not use two pid files. Else the
    /// default is taken.
    bool is_strict = false;

    /// Returns DIRECTORY/NAMESUFFIX, in the given directory or, where that is null, in the default
    /// one. Makes the missing directories below HOME, for the user alone (0700), as the
    /// specification wants it; where that fails, opening the file says why.
    auto path(ServiceName service, const char* suffix, const char* given) const -> ServicePath {
        ServicePath path;
        const bool is_plain = service.instance == nullptr || *service.instance == '\0';
        const char* const instance = is_plain ? "" : service.instance;
        const char *directory = given, *below = "";
        if (given == nullptr) {
            directory = ::geteuid() == 0 ? of_system : std::getenv(variable);
            const bool is_bad = directory != nullptr && *directory != '/';
            if (is_bad && is_strict)
                return path;
            if ((directory == nullptr || is_bad) && (directory = std::getenv("HOME")) != nullptr)
                below = below_home;
        }
        const bool has_slash =
            std::strchr(service.name, '/') != nullptr || std::strchr(instance, '/') != nullptr;
        if (directory == nullptr || *directory == '\0' || has_slash)
            return path;
        std::snprintf(path.text_, sizeof path.text_, "%s%s/%s%s%s%s", directory, below,
                      service.name, is_plain ? "" : "@", instance, suffix);
        if (*below != '\0')
            make_directories(path.text_, std::strlen(directory) + 1);
        return path;
    }

private:
    static void make_directories(char* path, std::size_t from) {
        for (char* at = path + from; *at != '\0'; ++at)
            if (*at == '/') {
                *at = '\0';
                ::mkdir(path, 0700);
                *at = '/';
            }
    }
};

/// Returns /run/NAME.pid for root, else NAME.pid in XDG_RUNTIME_DIR (without that in
/// ~/.local/state).
inline auto pid_file_path(ServiceName service, const char* directory = nullptr) -> ServicePath {
    return ServiceDirectory{"/run", "XDG_RUNTIME_DIR", "/.local/state", true}.path(service, ".pid",
                                                                                   directory);
}

/// Returns /var/log/NAME.log for root, else NAME.log in XDG_STATE_HOME (~/.local/state).
inline auto log_path(ServiceName service, const char* directory = nullptr) -> ServicePath {
    return ServiceDirectory{"/var/log", "XDG_STATE_HOME", "/.local/state"}.path(service, ".log",
                                                                                directory);
}

/// Returns /etc/NAME.conf for root, else NAME.conf in XDG_CONFIG_HOME (~/.config).
inline auto configuration_path(ServiceName service, const char* directory = nullptr)
    -> ServicePath {
    return ServiceDirectory{"/etc", "XDG_CONFIG_HOME", "/.config"}.path(service, ".conf",
                                                                        directory);
}

/// Returns the directory /var/lib/NAME for root, else NAME in XDG_STATE_HOME (~/.local/state). Does
/// not make that directory.
inline auto state_path(ServiceName service, const char* directory = nullptr) -> ServicePath {
    return ServiceDirectory{"/var/lib", "XDG_STATE_HOME", "/.local/state"}.path(service, "",
                                                                                directory);
}

} // namespace daemonizer

#endif // C++20

#endif
