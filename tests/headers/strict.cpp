// SPDX-License-Identifier: BSL-1.0
// What strict programs are built with: many policies, instantiated from an ordinary directory.
#include <daemonizer/command_line.hpp>
#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>
#include <daemonizer/policy.hpp>
#include <daemonizer/take_option.hpp>

#include <csignal>

auto main(int argc, char** argv) -> int {
    using namespace daemonizer;
    const Daemonizer service{Monitor<3, 60>{},
                             PidFile{"/run/strict.pid"},
                             LogStdio{"/var/log/strict.log"},
                             CloseDescriptors{3, 4},
                             SignalFd<SIGTERM, SIGHUP>{},
                             StartTimeout<5>{},
                             SystemdNotify{},
                             Watchdog{},
                             RunAs<"nobody">{},
                             KeepCapabilities<>{},
                             Landlock<ReadOnly<"/usr">>{},
                             Syslog<"strict">{}};
    return command_line(service, argc, argv, [](auto& daemon) {
        daemon.ready();
        while (daemon.wait() != SIGTERM)
            daemon.reopen();
        return 0;
    });
}
