// SPDX-License-Identifier: BSL-1.0
// The program that becomes a daemon: found before the start, executed in it.
#ifndef EXAMPLES_DAEMONIZE_PROGRAM_HPP
#define EXAMPLES_DAEMONIZE_PROGRAM_HPP

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonize {

class Program {
public:
    /// `arguments`: the program's name first, a null pointer last.
    explicit Program(char** arguments) : arguments_{arguments} {}

    /// Finds the file as a shell does, and makes its path absolute, since the daemon's directory is
    /// another one. Returns 0 or an errno.
    auto find() -> int {
        const std::string_view name = arguments_[0];
        if (name.find('/') != name.npos)
            return find_from_here(name);
        const char* const list = std::getenv("PATH");
        std::string_view rest = list != nullptr ? list : "/bin:/usr/bin";
        int error = ENOENT;
        for (bool more = true; more;) {
            const auto colon = rest.find(':');
            more = colon != rest.npos;
            const std::string_view directory = rest.substr(0, colon);
            rest.remove_prefix(more ? colon + 1 : 0);
            const int found = find_from_here((directory.empty() ? "." : std::string{directory}) +
                                             "/" + std::string{name});
            if (found == 0)
                return 0;
            if (found != ENOENT && found != ENOTDIR)
                error = found;
        }
        return error;
    }

    auto name() const -> std::string {
        const std::string name = arguments_[0];
        return name.substr(name.rfind('/') + 1);
    }

    /// Becomes the program, with no signal blocked. Returns only where that fails, with errno.
    auto execute() const -> int {
        sigset_t none;
        sigemptyset(&none);
        if (sigprocmask(SIG_SETMASK, &none, nullptr) == 0)
            execve(path_.c_str(), arguments_, environ);
        return errno;
    }

    /// The exit status of a program that cannot be executed, as env(1) and shells have it.
    static auto status_of(int error) -> int { return error == ENOENT ? 127 : 126; }

private:
    auto find_from_here(std::string_view path) -> int {
        path_ = path;
        if (path[0] != '/') {
            char here[PATH_MAX];
            if (getcwd(here, sizeof here) == nullptr)
                return errno;
            path_ = std::string{here} + "/" + path_;
        }
        struct stat file;
        if (stat(path_.c_str(), &file) != 0)
            return errno;
        if (!S_ISREG(file.st_mode))
            return EACCES;
        return access(path_.c_str(), X_OK) == 0 ? 0 : errno;
    }

    char** arguments_;
    std::string path_;
};

} // namespace daemonize

#endif
