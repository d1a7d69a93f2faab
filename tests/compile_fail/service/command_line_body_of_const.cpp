// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a const daemon cannot become ready; the body takes it by reference: auto&
// daemon
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

int main(int argc, char** argv) {
    using namespace daemonizer;
    Daemonizer<PidFile<"/run/x.pid">, SignalFd<SIGTERM>> service;
#ifdef REJECT
    return command_line(service, argc, argv, [](const auto& daemon) {
#else
    return command_line(service, argc, argv, [](auto& daemon) {
#endif
        daemon.ready();
        return daemon.wait();
    });
}
