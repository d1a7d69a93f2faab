// SPDX-License-Identifier: BSL-1.0
// Reads LISTEN_FDS and the variables beside it.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_LISTEN_VARIABLES_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_LISTEN_VARIABLES_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Holds what was passed, by the rules of sd_listen_fds(3) to the letter.
struct ListenVariables {
    static constexpr int first = 3; ///< SD_LISTEN_FDS_START

    int count = 0;
    /// The names, one after the other, each with its terminator. They lie where the environment had
    /// them.
    const char* names = nullptr;

    static auto next_name(const char* name) -> const char* {
        return name == unnamed ? name : name + std::strlen(name) + 1;
    }

    /// Reads and removes the variables. Returns 0, or a negative errno and what is `wrong`.
    template <class Host>
    auto take(const Host& host, const char*& wrong) -> int {
        const int error = read(host, wrong);
        for (const char* const name : variables)
            ::unsetenv(name);
        if (error < 0)
            count = 0;
        return error;
    }

private:
    static constexpr const char* variables[] = {"LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS",
                                                "LISTEN_FDNAMES"};
    static constexpr char unnamed[] = "unknown"; // its address is compared: no literal has only one

    template <class Host>
    auto read(const Host& host, const char*& wrong) -> int {
        unsigned long long number = 0;
        wrong = "LISTEN_PID";
        const char* const pid = std::getenv(wrong);
        if (pid == nullptr)
            return 0;
        if (!parse(pid, number) || number == 0 || number > INT_MAX)
            return -EINVAL;
        if (number != static_cast<unsigned long long>(host.pid()) || !is_ours(host))
            return 0;
        wrong = "LISTEN_FDS";
        const char* const fds = std::getenv(wrong);
        if (fds == nullptr)
            return 0;
        if (!parse(fds, number) || number == 0 || number > INT_MAX - first)
            return -EINVAL;
        count = static_cast<int>(number);
        for (int fd = first; fd != first + count; ++fd)
            if (const int error = host.close_on_exec(fd); error < 0)
                return error;
        wrong = "LISTEN_FDNAMES";
        return split(std::getenv(wrong));
    }

    /// LISTEN_PIDFDID tells two processes apart that had the same number, one after the other. It
    /// is not checked where the kernel cannot tell this process's own.
    template <class Host>
    static auto is_ours(const Host& host) -> bool {
        const char* const id = std::getenv("LISTEN_PIDFDID");
        unsigned long long number = 0;
        if (id == nullptr || !parse(id, number))
            return true;
        const int process = host.open_process(host.pid());
        if (process < 0)
            return true;
        struct stat own {};
        const int error = host.status(process, own);
        host.close(process);
        return error < 0 || own.st_ino == number;
    }

    /// Separates the names at colons; an empty name counts. Cuts them in place, since the variable
    /// is removed and its characters belong to this process.
    auto split(char* list) -> int {
        names = unnamed;
        if (list == nullptr)
            return 0;
        names = list;
        int found = 1;
        for (; *list != '\0'; ++list)
            if (*list == ':') {
                *list = '\0';
                ++found;
            }
        return found == count ? 0 : -EINVAL;
    }

    static auto parse(const char* text, unsigned long long& number) -> bool {
        const char* const begin = text;
        for (number = 0; *text >= '0' && *text <= '9' && number <= ULLONG_MAX / 10 - 1; ++text)
            number = number * 10 + static_cast<unsigned>(*text - '0');
        return text != begin && *text == '\0';
    }
};

} // namespace daemonizer::detail

#endif
