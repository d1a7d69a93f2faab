// SPDX-License-Identifier: BSL-1.0
// Whatever a pid file contains, its reader says 0 for an empty one, a number above 1 for exactly
// that number with or without a newline, and -1 for all else.
#include <daemonizer/host/posix_host.hpp>
#include <daemonizer/pid_file/read.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/mman.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const int file = memfd_create("pid file", MFD_CLOEXEC);
    if (ftruncate(file, 0) < 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size))
        std::abort();
    const pid_t pid = daemonizer::detail::read_pid(daemonizer::PosixHost{}, file);
    if ((pid == 0) != (size == 0) || pid < -1)
        std::abort();
    if (pid > 0) {
        std::string text{reinterpret_cast<const char*>(data), size};
        if (text.back() == '\n')
            text.pop_back();
        text.erase(0, text.find_first_not_of('0'));
        if (text != std::to_string(pid))
            std::abort();
    }
    return 0;
}
