// SPDX-License-Identifier: BSL-1.0
// Prints the unit of one composition of many, for systemd-analyze to judge: `units NUMBER`.
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include <cstdlib>
#include <linux/capability.h>

namespace {

using namespace daemonizer;

auto print(const auto& service, char** argv, bool has_watchdog = false) -> int {
    char verb[] = "unit", option[] = "--watchdog", seconds[] = "30";
    char* arguments[] = {argv[0], verb, option, seconds, nullptr};
    const char* const none[] = {nullptr};
    return command_line(service, has_watchdog ? 4 : 2, arguments, [](auto&) { return 0; },
                        {.about = "one of many", .arguments = none});
}

template <class... Policies>
using With = Daemonizer<PidFile<"/run/units/units.pid">, Policies...>;

} // namespace

int main(int argc, char** argv) {
    switch (argc > 1 ? std::atoi(argv[1]) : -1) {
    case 0:
        return print(With<SystemdNotify, AutoFork, SignalFd<SIGTERM, SIGHUP>>{}, argv);
    case 1:
        return print(With<SystemdNotify, NoFork, Watchdog>{}, argv);
    case 2:
        return print(With<SystemdNotify, DoubleFork, StartTimeout<40>, Umask<077>>{}, argv);
    case 3:
        return print(With<AutoFork, Umask<0>, Nice<5>, OomScore<100>, NoCoreDumps>{}, argv);
    case 4:
        return print(With<RunAs<"nobody", "nogroup">, KeepCapabilities<CAP_NET_BIND_SERVICE>,
                          NoNewPrivileges, Limit<RLIMIT_NOFILE, 64, 128>, Limit<RLIMIT_CPU, 10>>{},
                     argv);
    case 5:
        return print(With<DenySystemCalls<system_calls::mount, system_calls::module,
                                          system_calls::namespaces>,
                          LockMemory, CleanEnvironment<"LANG", "TZ">>{},
                     argv);
    case 6:
        return print(With<Chroot<"/srv">, DenySystemCalls<system_calls::mount>, RunAs<"nobody">>{},
                     argv);
    case 7:
        return print(With<SystemdNotify, Monitor<3, 60>, Watchdog>{}, argv, true);
    default:
        return 9; // one more than there are
    }
}
