// SPDX-License-Identifier: BSL-1.0
// A service that ends as it is told to, long enough after its start that a launcher has given back
// what memory it can. In the program, or in a plug-in of it.
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstring>
#include <unistd.h>

extern "C" [[gnu::visibility("default")]] int serve(const char* ending, const char* pid_file) {
    using namespace daemonizer;
    const Daemonizer service{FORK{}, PidFile{pid_file}, StartTimeout<30>{}, SystemdNotify{}};
    return service.run([&](auto& daemon) {
        ::usleep(200'000);
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
