// SPDX-License-Identifier: BSL-1.0
// A configuration that is read before ready: an error in it is seen by the person at the shell, as
// a line on the terminal and a status, although the daemon has detached long before.
//
//     $ ./example_2_configuration CONFIGURATION PIDFILE
//
// The configuration is one line, "greeting = TEXT". SIGHUP reads it again, SIGTERM ends the daemon.
#include <daemonizer/daemonizer.hpp>

#include <cstdio>
#include <cstring>

namespace {

struct Configuration {
    char greeting[64];

    // Null, or what is wrong.
    auto read(const char* path) -> const char* {
        std::FILE* file = std::fopen(path, "r");
        if (file == nullptr)
            return "the configuration cannot be opened";
        char line[128] = "";
        const bool got = std::fgets(line, sizeof line, file) != nullptr;
        std::fclose(file);
        if (!got || std::sscanf(line, "greeting = %63[^\n]", greeting) != 1)
            return "the configuration has no line \"greeting = TEXT\"";
        return nullptr;
    }
};

} // namespace

int main(int argc, char** argv) {
    using namespace daemonizer;
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s CONFIGURATION PIDFILE\n", argv[0]);
        return 2;
    }
    // KeepDirectory, so that a relative path of the configuration means the same again on SIGHUP.
    const Daemonizer service{PidFile{argv[2]}, KeepDirectory{}, SignalFd<SIGTERM, SIGHUP>{},
                             StartTimeout<10>{}};
    return service.run([&](auto& daemon) {
        Configuration now{};
        if (const char* wrong = now.read(argv[1]))
            return daemon.fail(3, wrong); // the launcher says it, and leaves with 3
        daemon.ready();
        while (daemon.wait() != SIGTERM)
            if (Configuration next{}; next.read(argv[1]) == nullptr)
                now = next; // a configuration that is broken now changes nothing
        return 0;
    });
}
