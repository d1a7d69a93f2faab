// SPDX-License-Identifier: BSL-1.0
// What needs more than 32 bits, for a program whose off_t and time_t have no more: the log is
// larger than 2 GiB, and a time longer than 68 years. The script `large` runs it.
//
//     large PIDFILE LOG      status 0 where all is well
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <ratio>
#include <unistd.h>

using namespace daemonizer;

namespace {

struct Years {
    using period = std::ratio<31'556'952>;
    long years;
    auto count() const -> long { return years; }
};

/// The signal comes after a second, and not the end of the time before.
template <class Signals>
auto serve(const char* pid_file, const char* log) -> int {
    return Daemonizer{NoFork{}, PidFile{pid_file}, LogStdio{log}, Signals{}}.run([](auto& daemon) {
        daemon.ready();
        alarm(1);
        const int signal = daemon.wait_for(Years{100});
        const bool reopened = daemon.reopen();
        const bool written = write(1, "log\n", 4) == 4;
        return signal != SIGALRM ? 3 : !reopened ? 4 : !written ? 5 : 0;
    });
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    const int status = serve<SignalFd<SIGALRM>>(argv[1], argv[2]);
    return status != 0 ? status : serve<SignalFlag<SIGALRM>>(argv[1], argv[2]);
}
