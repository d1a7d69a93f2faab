// SPDX-License-Identifier: BSL-1.0
// The same without a fork: one process, whose run() returns, on the terminal that it came with.
#include "fail_each.hpp"
#include "messages.hpp"

#include <chrono>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

struct Expected {
    const char* call;
    const char* step; ///< null where the failure is tolerated
    const char* what; ///< or why it is
};

constexpr const char* tolerated = nullptr;
constexpr auto gone_anyway = "the descriptor is closed even so";
constexpr auto in_place = "the file is taken in its place";
constexpr auto renamed = "the file system may not have it: a plain rename follows";
constexpr auto looks_again = "the path is opened and locked anew";
constexpr auto no_error = "wait_for() answers no error";
constexpr auto emptied = "the file is emptied then";

const std::vector<Expected> all{
    {"mask all", "signals", "sigprocmask"},
    {"status /run/x.pid", "pid file", "/run/x.pid"},
    {"open /run/x.pid.new", tolerated, in_place},
    {"status 3", tolerated, in_place},
    {"lock 3 OFD bytes 0 to 1", "pid file", "/run/x.pid"},
    {"status /run/x.pid.new", tolerated, looks_again},
    {"status /run/x.pid", tolerated, looks_again},
    {"truncate 3", "pid file", "/run/x.pid"},
    {"rename_to_new /run/x.pid.new /run/x.pid", tolerated, renamed},
    {"chdir /srv", "directory", "/srv"},
    {"file_size_limit", "pid file", "/run/x.pid"},
    {"write_at 3 100", "pid file", "/run/x.pid"},
    {"at_exit", "pid file", "atexit"},
    {"handle HUP", "signals", "sigaction"},
    {"handle INT", "signals", "sigaction"},
    {"default", "signals", "sigaction"},
    {"handle TERM", "signals", "sigaction"}, // for threads that were there before
    {"default", "signals", "sigaction"},
    {"mask TERM", "signals", "sigprocmask"},
    {"pipe", "signals", "pipe"},
    {"handle TERM", "signals", "sigaction"},
    {"mask nothing", "signals", "sigprocmask"},
    {"close_range 6 end", tolerated, "what /proc/self/fd lists is closed then"},
    {"open /in", "stdio", "/in"},
    {"status 6", "stdio", "/in"},
    {"set_flags 6 none", "stdio", "/in"},
    {"open /out", "stdio", "/out"},
    {"status 7", "stdio", "/out"},
    {"set_flags 7 append", "stdio", "/out"},
    {"open /err", "stdio", "/err"},
    {"status 8", "stdio", "/err"},
    {"set_flags 8 append", "stdio", "/err"},
    {"unlock 3 OFD byte 1", "pid file", "/run/x.pid"},
    {"lock 3 POSIX byte 1", "pid file", "/run/x.pid"},
    {"chmod 3 0644", "pid file", "/run/x.pid"},
    {"flush", tolerated, "what stays buffered goes to the new stdout"},
    {"duplicate 2", tolerated, "there may be no stderr to keep"},
    {"dup2 6 0", "stdio", "stdin"},
    {"dup2 7 1", "stdio", "stdout"},
    {"dup2 8 2", "stdio", "stderr"},
    {"close 6", tolerated, gone_anyway},
    {"close 7", tolerated, gone_anyway},
    {"close 8", tolerated, gone_anyway},
    {"get_lock 3 OFD byte 1", tolerated, "the byte is locked again then"},
    {"close 9", tolerated, gone_anyway},
    {"read 4", tolerated, no_error},
    {"poll 4", tolerated, no_error},
    {"read 4", tolerated, no_error},
    {"close 5", tolerated, gone_anyway},
    {"close 4", tolerated, gone_anyway},
    {"status 3", tolerated, "a file that cannot be looked at is left alone"},
    {"status /run/x.pid", tolerated, emptied},
    {"unlink /run/x.pid", tolerated, emptied},
    {"close 3", tolerated, gone_anyway},
};

auto start(Record& record) -> int {
    record.files["/in"] = {50};
    const Daemonizer rich{RecordingHost{&record},
                          NoFork{},
                          FileStdio<"/in", "/out", "/err">{},
                          PidFile<"/run/x.pid">{},
                          SignalFlag<SIGTERM>{},
                          KeepUmask{},
                          WorkingDirectory{"/srv"}};
    return recording::run(rich, [](auto& running) {
        running.ready();
        return running.wait_for(std::chrono::milliseconds{1});
    });
}

} // namespace

TEST_CASE("without a fork every call may fail") {
    fail_each(start, all, 0, [](const Expected& expected, Record& record, int status) {
        if (expected.step == tolerated) {
            CHECK(status == 0);
            CHECK(record.written.empty());
            return;
        }
        CHECK(status == 1);
        CHECK(record.written[2] ==
              messages::line(expected.step + (": " + std::string{expected.what}) +
                             ": Input/output error"));
        CHECK(record.descriptors_above_stdio().empty());
        CHECK_FALSE(record.has_file("/run/x.pid"));
    });
}
