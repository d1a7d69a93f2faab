// SPDX-License-Identifier: BSL-1.0
// It is one error, though `run` and `start` would both call it.
// expect: daemonizer: a member function is no body, since it has no object; write run([&](auto&
// daemon)
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Server {
    auto serve() -> int { return 0; }
};

int main(int argc, char** argv) {
    const Daemonizer<PidFile<"/run/x.pid">> service;
    Server server;
#ifdef REJECT
    return command_line(service, argc, argv, &Server::serve);
#else
    return command_line(service, argc, argv, [&] { return server.serve(); });
#endif
}
