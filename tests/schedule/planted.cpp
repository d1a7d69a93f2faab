// SPDX-License-Identifier: BSL-1.0
// Functions of libc that lie to the library, each so that one of its checks sees nothing: as if the
// check had been left out. The library's own text is not touched, so that this outlives its names.
#include "planted.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

enum class Bug {
    none,
    recheck,
    acknowledgement,
    byte_1,
    owner,
    parent_death,
    handover
} bug = Bug::none;
pid_t known_pid = 0;
int kept_open = -1;

/// What a name was when it was looked at first.
struct Look {
    int answer = 0;
    struct stat file {};
};
std::map<std::string, Look> first_look;

template <class Value>
auto answered(Value value) -> Value {
    if (value >= 0)
        return value;
    errno = static_cast<int>(-value);
    return -1;
}

} // namespace

namespace planted {

void choose(const char* name) {
    const std::string_view text = name;
    bug = text == "recheck"           ? Bug::recheck
          : text == "acknowledgement" ? Bug::acknowledgement
          : text == "byte-1"          ? Bug::byte_1
          : text == "owner"           ? Bug::owner
          : text == "parent-death"    ? Bug::parent_death
          : text == "handover"        ? Bug::handover
                                      : Bug::none;
}

void pid_is_known() {
    if (bug == Bug::owner)
        known_pid = ::getpid();
}

} // namespace planted

extern "C" {

// "owner": a worker takes itself for the daemon, which wrote the pid file.
auto getpid() noexcept -> pid_t {
    return known_pid != 0 ? known_pid : static_cast<pid_t>(::syscall(SYS_getpid));
}

// "recheck": after the lock the names still seem to be what they were before.
auto fstatat(int directory, const char* path, struct stat* file, int flags) noexcept -> int {
    const auto ask = [&] {
        return static_cast<int>(::syscall(SYS_newfstatat, directory, path, file, flags));
    };
    if (bug != Bug::recheck)
        return ask();
    const auto known = first_look.find(path);
    if (known == first_look.end()) {
        const int answer = ask() < 0 ? -errno : 0;
        first_look[path] = {answer, *file};
        return answered(answer);
    }
    const Look look = known->second;
    first_look.erase(known);
    *file = look.file;
    return answered(look.answer);
}

auto openat(int directory, const char* path, int flags, ...) -> int {
    std::va_list rest;
    va_start(rest, flags);
    const mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    const int fd = static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
    if (bug == Bug::recheck && fd >= 0 && (flags & O_CREAT) != 0) {
        Look look;
        ::syscall(SYS_fstat, fd, &look.file);
        first_look[path] = look; // the name will seem to be this file
    }
    return fd;
}

// "acknowledgement": the daemon does not wait for the launcher's answer. It keeps the socket, or an
// answer that comes would meet nobody.
auto recv(int fd, void* into, std::size_t size, int flags) -> ssize_t {
    if (bug == Bug::acknowledgement && size == 1) {
        kept_open = fd;
        return 1;
    }
    return ::syscall(SYS_recvfrom, fd, into, size, flags, nullptr, nullptr);
}
auto close(int fd) -> int {
    return fd == kept_open ? 0 : static_cast<int>(::syscall(SYS_close, fd));
}
auto ppoll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t* mask) -> int {
    if (bug == Bug::acknowledgement && size == 1 && limit != nullptr && limit->tv_sec == 0 &&
        limit->tv_nsec == 200'000'000)
        return 1;
    timespec copy{};
    if (limit != nullptr)
        copy = *limit;
    return static_cast<int>(::syscall(SYS_ppoll, set, size, limit == nullptr ? nullptr : &copy,
                                      mask, 8 /* bytes of a kernel's sigset_t */));
}

// "parent-death": a child does not end with its parent.
auto prctl(int option, ...) -> int {
    std::va_list rest;
    va_start(rest, option);
    unsigned long arguments[4];
    for (unsigned long& argument : arguments)
        argument = va_arg(rest, unsigned long);
    va_end(rest);
    if (bug == Bug::parent_death && option == PR_SET_PDEATHSIG)
        return 0;
    return static_cast<int>(
        ::syscall(SYS_prctl, option, arguments[0], arguments[1], arguments[2], arguments[3]));
}

// "handover": the pid file is not open in the next program.
// "byte-1": whoever is named in the file is taken for the process that holds byte 1.
auto fcntl(int fd, int command, ...) -> int {
    std::va_list rest;
    va_start(rest, command);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    struct stat file {};
    if (bug == Bug::handover && command == F_SETFD && argument == nullptr &&
        ::syscall(SYS_fstat, fd, &file) == 0 && S_ISREG(file.st_mode))
        return 0;
    const int answer = static_cast<int>(::syscall(SYS_fcntl, fd, command, argument));
    if (bug == Bug::byte_1 && command == F_GETLK && answer == 0) {
        auto& range = *static_cast<struct flock*>(argument);
        char text[16]{};
        if (::pread(fd, text, sizeof text - 1, 0) > 0) {
            range.l_type = F_WRLCK;
            range.l_pid = static_cast<pid_t>(std::strtol(text, nullptr, 10));
        }
    }
    return answer;
}

} // extern "C"
