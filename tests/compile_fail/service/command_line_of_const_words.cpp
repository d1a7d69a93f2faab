// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: command_line() takes the service, argc, argv (a char**), the body
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main(int argc, char** argv) {
    const Daemonizer<PidFile<"/run/x.pid">> service;
#ifdef REJECT
    return command_line(service, argc, const_cast<const char**>(argv), [] {});
#else
    return command_line(service, argc, argv, [] {});
#endif
}
