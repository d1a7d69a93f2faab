// SPDX-License-Identifier: BSL-1.0
// The intermediate leaves after the daemon has said that it is ready: on a busy machine it may be
// that late, and until then the daemon is no child of the launcher's.
#include "launch.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

struct LateIntermediate : PosixHost {
    static constexpr bool shares_memory = false; // vfork would hold the launcher still
    [[noreturn]] static void leave_at_once(int status) {
        ::usleep(300'000);
        PosixHost::leave_at_once(status);
    }
};

} // namespace

TEST_CASE("a daemon that is ready before its parent has left serves", "[ready]") {
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
