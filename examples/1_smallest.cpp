// SPDX-License-Identifier: BSL-1.0
// The smallest daemon: two forks, a session of its own, "/" as its directory, 0-2 on /dev/null and
// no inherited descriptor, all by default. The launcher returns once the body has begun.
//
//     $ ./example_1_smallest FILE SECONDS
//
// writes a line to FILE when it runs, and sleeps.
#include <daemonizer/daemonizer.hpp>

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s FILE SECONDS\n", argv[0]);
        return 2;
    }
    return daemonizer::Daemonizer{}.run([&] {
        std::FILE* file = std::fopen(argv[1], "w"); // an absolute path: the directory is "/" now
        if (file == nullptr)
            return 1;
        std::fprintf(file, "process %d of session %d\n", getpid(), getsid(0));
        std::fclose(file);
        sleep(static_cast<unsigned>(std::atoi(argv[2])));
        return 0;
    });
}
