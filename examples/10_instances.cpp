// SPDX-License-Identifier: BSL-1.0
// A class as the service, options that getopt_long(3) parses, and several instances, each with a
// pid file of its own by the conventions of service_paths.hpp.
//
//     $ ./example_10_instances --instance red --limit 3 start
//     $ ./example_10_instances -i red status
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>
#include <daemonizer/service/service_paths.hpp>

#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <vector>

namespace {

/// Ends by itself once it has been asked `limit` times.
class Counter {
public:
    explicit Counter(int limit) : limit_{limit} {}

    // `auto&`: command_line hands the daemon of `start` to it, or that of `run`, another type.
    auto operator()(auto& daemon) -> int {
        if (limit_ < 1)
            return daemon.fail(3, "the limit is not positive");
        daemon.ready();
        while (daemon.wait() != SIGTERM)
            if (++asked_ == limit_)
                break;
        return 0;
    }

private:
    int limit_, asked_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    using namespace daemonizer;
    const std::vector<const char*> all(argv, argv + argc + 1);
    const char* instance = "";
    int limit = 1000;
    static constexpr option options[] = {{"instance", required_argument, nullptr, 'i'},
                                         {"limit", required_argument, nullptr, 'l'},
                                         {nullptr, 0, nullptr, 0}};
    // '+': up to the verb, whose own options are command_line's.
    for (int letter; (letter = getopt_long(argc, argv, "+i:l:", options, nullptr)) != -1;) {
        if (letter == 'i')
            instance = optarg;
        else if (letter == 'l')
            limit = std::atoi(optarg);
        else
            return 2; // getopt_long has said why
    }
    argv[optind - 1] = argv[0];
    argv += optind - 1;
    argc -= optind - 1;

    const ServicePath pid_file = pid_file_path({"counter", instance});
    const Daemonizer service{PidFile{pid_file}, SignalFd<SIGTERM, SIGUSR1>{}};
    return command_line(service, argc, argv, Counter{limit},
                        {.about = "counts",
                         .options = "  -i, --instance NAME  of several\n"
                                    "  -l, --limit N        ends after so many questions\n",
                         .arguments = all.data() + 1}); // for `unit`
}
