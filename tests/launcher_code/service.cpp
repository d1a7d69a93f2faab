// SPDX-License-Identifier: BSL-1.0
// A service that ends as it is told to, long enough after its start that a launcher has given back
// what memory it can. In the program, or in a plug-in of it.
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

/// Whether the launcher, whose child the daemon is, has given back the program's mapping of 32 MB
/// at least. With a plug-in the heap stays, and the table always.
static auto launcher_is_small() -> bool {
    char name[40];
    std::snprintf(name, sizeof name, "/proc/%d/statm", ::getppid());
    long all = 0, resident = 0;
    if (std::FILE* const file = std::fopen(name, "r"); file != nullptr) {
        if (std::fscanf(file, "%ld %ld", &all, &resident) != 2)
            resident = 0;
        std::fclose(file);
    }
    return resident * ::getpagesize() < 72L << 20;
}

extern "C" [[gnu::visibility("default")]] int serve(const char* ending, const char* pid_file) {
    using namespace daemonizer;
    const Daemonizer service{FORK{}, PidFile{pid_file}, StartTimeout<30>{}, SystemdNotify{}};
    return service.run([&](auto& daemon) {
        ::usleep(200'000);
        if (::getenv("GIVES_BACK") != nullptr)
            for (int round = 0; !launcher_is_small(); ++round, ::usleep(10'000))
                if (round == 1000)
                    return daemon.fail(5, "the launcher keeps its memory");
        daemon.status("working");
        if (std::strcmp(ending, "fails") == 0)
            return daemon.fail(3, "no configuration");
        if (std::strcmp(ending, "dies") == 0)
            ::raise(SIGKILL);
        if (std::strcmp(ending, "leaves") == 0)
            ::_exit(7);
        daemon.ready();
        return 0;
    });
}
