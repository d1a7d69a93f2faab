// SPDX-License-Identifier: BSL-1.0
// cxxtools' daemonize(), which takes the pid file and removes it on SIGTERM.
#include "tell_ready.h"

#include <cxxtools/posix/daemonize.h>
#include <unistd.h>

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    try {
        cxxtools::posix::daemonize(argv[1]);
    } catch (const std::exception& error) {
        std::cerr << "cxxtools: " << error.what() << '\n';
        return 1;
    }
    tell_ready();
    while (true)
        ::pause();
}
