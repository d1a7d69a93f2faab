// SPDX-License-Identifier: BSL-1.0
// JournalStdio before a journald of the test's own, in mounts of its own.
#include "stdio/journald.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// In a process of its own: takes two streams, tells who has connected and what was written.
void take_streams(int listener) {
    if (::fork() != 0)
        return;
    int streams[2];
    for (int& stream : streams) {
        stream = ::accept(listener, nullptr, nullptr);
        ucred peer{};
        socklen_t size = sizeof peer;
        ::getsockopt(stream, SOL_SOCKET, SO_PEERCRED, &peer, &size);
        tell("peer " + std::to_string(peer.pid));
    }
    ::close(listener);
    tell("out " + everything_of(streams[0]));
    tell("err " + everything_of(streams[1]));
    ::_exit(0);
}

} // namespace

TEMPLATE_TEST_CASE("stdout and stderr are streams that the daemon has opened", "[journal]", NoFork,
                   DoubleFork) {
    if (cannot_be_journald())
        return;
    Scene scene;
    scene.begin([] {
        take_streams(listen_as_journald());
        return Daemonizer<TestType, JournalStdio<"clockd">, StderrLog, Wires>{}.run(
            [](auto& daemon) {
                tell_pid();
                daemon.ready();
                must(::write(1, "hello\n", 6) == 6, "stdout");
                daemon.log(LOG_WARNING, "careful");
                char byte;
                return ::read(0, &byte, 1) == 0 && ::read(1, &byte, 1) <= 0 ? 0 : 1;
            });
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.number("peer") == daemon);
    CHECK(scene.number("peer") == daemon);
    CHECK(scene.fact("out") == "clockd||6|1|0|0|0|hello|");
    CHECK(scene.fact("err") == "clockd||3|1|0|0|0|<4>careful|");
    CHECK(scene.err() == "");
}

TEST_CASE("an identifier of the run time is one line, and not too long", "[journal]") {
    if (cannot_be_journald())
        return;
    Scene scene;
    scene.begin([] {
        take_streams(listen_as_journald());
        const std::string ident = "a\nb" + std::string(400, 'x');
        return Daemonizer{NoFork{}, JournalStdio{ident}, Wires{}}.run([] {});
    });
    const std::string header = scene.fact("out");
    CHECK(header.substr(0, 4) == "a?bx");
    CHECK(header.size() < 255);
    CHECK(header.substr(header.size() - 12) == "||6|1|0|0|0|");
}

TEST_CASE("without a journald the start fails, and says why", "[journal]") {
    if (cannot_be_journald())
        return;
    Scene scene;
    const auto outcome = scene.run([] {
        ::close(listen_as_journald());
        if (::unlink(socket_name) != 0)
            return 99;
        return Daemonizer<JournalStdio<"clockd">, Wires>{}.run(serve);
    });
    check_refused(scene, outcome, 1,
                  std::string{"stdio: "} + socket_name + ": No such file or directory");
}
