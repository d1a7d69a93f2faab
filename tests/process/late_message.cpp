// SPDX-License-Identifier: BSL-1.0
// The intermediate tells the daemon's pid after the daemon itself has said that it is ready: on a
// busy machine it may be that late.
#include "launch.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// The intermediate speaks while the launcher, which has read "ready", answers; the daemon looks at
/// the answer when the launcher has left, with that message unread.
struct LateIntermediate : PosixHost {
    static auto send(int fd, const void* from, std::size_t size) -> long {
        using detail::ReportHead;
        const auto* const head = static_cast<const ReportHead*>(from);
        const bool is_answer = size < sizeof(ReportHead);
        if (is_answer || head->what == ReportHead::kind::forked)
            ::usleep(is_answer ? 200'000 : 100'000);
        return PosixHost::send(fd, from, size);
    }
    static auto receive(int fd, void* into, std::size_t size, int flags) -> long {
        if ((flags & MSG_DONTWAIT) == 0)
            ::usleep(400'000);
        return PosixHost::receive(fd, into, size, flags);
    }
};

} // namespace

TEST_CASE("a daemon that is ready before its pid was told serves", "[ready]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Outcome start = scene.run([&] {
        return Daemonizer{LateIntermediate{}, PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            tell("serves");
            await_gate();
            return 0;
        });
    });
    CHECK(start.status == 0);
    const pid_t daemon = scene.pid();
    CHECK(scene.fact("serves") == "");
    CHECK(scene.dismiss(daemon) == 0);
}
