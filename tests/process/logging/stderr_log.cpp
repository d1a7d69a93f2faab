// SPDX-License-Identifier: BSL-1.0
// StderrLog: a priority for the journal, a time for everybody else.
#include "supervision/manager.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

constexpr auto log_three = [](auto& daemon) {
    daemon.ready();
    daemon.log(LOG_ERR, "an error");
    daemon.log(LOG_DAEMON | LOG_INFO, "two\nlines");
    return daemon.fail(7, "stopped");
};

/// What is logged to a socket that `variable(device, inode)` may name.
template <class Composition>
auto logged(Scene& scene, Composition composition, auto variable) -> std::string {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    scene.run([&] {
        forget_supervisors();
        struct stat stream {};
        ::fstat(pair[1], &stream);
        const std::string named = variable(stream.st_dev, stream.st_ino);
        if (!named.empty())
            set_variable("JOURNAL_STREAM", named.c_str());
        ::dup2(pair[1], 2);
        return composition.run(log_three);
    });
    ::close(pair[1]);
    std::string text;
    char piece[4096];
    for (ssize_t size; (size = ::read(pair[0], piece, sizeof piece)) > 0;)
        text.append(piece, static_cast<std::size_t>(size));
    ::close(pair[0]);
    return text;
}

const auto name_it = [](auto device, auto inode) {
    return std::to_string(device) + ':' + std::to_string(inode);
};

using Logging = Daemonizer<NoFork, KeepStdio, StderrLog, Wires>;

} // namespace

TEST_CASE("each line to the journal begins with its priority", "[stderr log]") {
    Scene scene;
    const std::string lines = "<3>an error\n<6>two?lines\n<3>daemon: failed: stopped\n";
    CHECK(logged(scene, Logging{}, name_it) == lines);
    CHECK(logged(scene, Daemonizer<NoFork, KeepStdio, StderrLog, CleanEnvironment<>, Wires>{},
                 name_it) == lines);
}

TEST_CASE("where the variable is another stream's, lines begin with the time", "[stderr log]") {
    Scene scene;
    const auto check = [](const std::string& text) {
        // 2026-11-26T00:00:00Z err: an error
        REQUIRE(text.size() > 20);
        CHECK(text.substr(4, 1) == "-");
        CHECK(text.substr(10, 1) == "T");
        CHECK(text.substr(19, 16) == "Z err: an error\n");
        CHECK(text.find("Z info: two?lines\n") != std::string::npos);
        CHECK(text.find("Z err: daemon: failed: stopped\n") != std::string::npos);
    };
    check(logged(scene, Logging{}, [](auto, auto) { return std::string{}; }));
    check(logged(scene, Logging{}, [](auto device, auto inode) {
        return std::to_string(device) + ':' + std::to_string(inode + 1);
    }));
    check(logged(scene, Logging{}, [](auto, auto) { return std::string{"nonsense"}; }));
    // Inherited, but stderr has become another file.
    const std::string log = scene.path("x.log");
    logged(scene, Daemonizer{NoFork{}, LogStdio{log.c_str()}, StderrLog{}, Wires{}}, name_it);
    check(text_of(log));
}
