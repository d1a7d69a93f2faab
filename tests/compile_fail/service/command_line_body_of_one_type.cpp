// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the body of command_line() takes the daemon as auto&
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using Service = daemonizer::Daemonizer<daemonizer::PidFile<"/run/x.pid">>;

struct Body {
#ifdef REJECT
    auto operator()(Service::running_type& daemon) const -> int{
#else
    auto operator()(auto& daemon) const -> int {
#endif
        daemon.ready();
    return 0;
}
}
;

int main(int argc, char** argv) { return daemonizer::command_line(Service{}, argc, argv, Body{}); }
