// SPDX-License-Identifier: BSL-1.0
// drop USER [GROUP] | drop UID GID: becomes that, in the foreground, and prints what the kernel
// then says of it. With the C library alone.
#include <daemonizer/daemonizer.hpp>

#include <cstdlib>
#include <cstring>

using namespace daemonizer;

namespace {

auto print_status() -> int {
    char text[4096];
    const int fd = ::open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? -1 : ::read(fd, text, sizeof text);
    return size > 0 && ::write(1, text, static_cast<std::size_t>(size)) == size ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    if (argc == 3 && std::strchr("0123456789", *argv[1]) != nullptr)
        return Daemonizer{RunAs{std::atoll(argv[1]), std::atoll(argv[2])}, NoFork{}, KeepStdio{},
                          KeepCapabilities<CAP_NET_BIND_SERVICE>{}}
            .run(print_status);
    return Daemonizer{RunAs{argv[1], argc == 3 ? argv[2] : ""}, NoFork{}, KeepStdio{}}.run(
        print_status);
}
