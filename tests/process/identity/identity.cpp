// SPDX-License-Identifier: BSL-1.0
// Real daemons that have given up rights: what the kernel says of them, and what still works.
#include "kernel.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/resource.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// The value of a line of /proc/PID/status, its tabs and ends made single spaces.
auto state_of(pid_t pid, const std::string& key) -> std::string {
    std::istringstream status{text_of("/proc/" + std::to_string(pid) + "/status")};
    for (std::string line; std::getline(status, line);) {
        if (line.rfind(key + ':', 0) != 0)
            continue;
        std::istringstream words{line.substr(key.size() + 1)};
        std::string all;
        for (std::string word; words >> word;)
            all += (all.empty() ? "" : " ") + word;
        return all;
    }
    return "nothing";
}

auto ids(unsigned id) -> std::string {
    const std::string one = std::to_string(id);
    return one + ' ' + one + ' ' + one + ' ' + one;
}

const std::string no_capability(16, '0');

/// Whether this process has the capability itself, by its number.
auto has_capability(int capability) -> bool {
    const auto effective = std::stoull(state_of(::getpid(), "CapEff"), nullptr, 16);
    return (effective >> capability & 1) != 0;
}
auto lacks(int capability, const char* name) -> bool {
    if (has_capability(capability))
        return false;
    WARN("skipped: " << name << " is not to be had here");
    return true;
}
auto lacks_drop() -> bool {
    return lacks(6, "CAP_SETGID") || lacks(7, "CAP_SETUID") || lacks(8, "CAP_SETPCAP") ||
           cannot_become_another();
}

/// Under the address sanitizer mlockall(2) is answered without being made.
auto locks_nothing() -> bool {
    return cannot("locked memory", [] {
        must(::mlockall(MCL_CURRENT) == 0 && state_of(::getpid(), "VmLck") != "0 kB", "mlockall");
    });
}

/// What the library writes into "NAME:GID" files is another mount's: /etc of the test's own.
void replace_file(const Scene& scene, const std::string& target, const std::string& text) {
    const std::string name = scene.path(target.substr(target.rfind('/') + 1));
    write_text(name, text);
    must(::mount(name.c_str(), target.c_str(), "none", MS_BIND, nullptr) == 0, "bind mount");
}

void check_rights(pid_t daemon, uid_t user, gid_t group, const std::string& groups,
                  const std::string& kept = no_capability) {
    CHECK(state_of(daemon, "Uid") == ids(user));
    CHECK(state_of(daemon, "Gid") == ids(group));
    CHECK(state_of(daemon, "Groups") == groups);
    for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
        INFO(set);
        CHECK(state_of(daemon, set) == kept);
    }
}

} // namespace

TEST_CASE("a daemon is another user, by numbers", "[identity]") {
    if (lacks_drop())
        return;
    Scene scene;
    const uid_t user = stranger();
    const pid_t launcher = scene.begin([&] {
        const gid_t had[] = {4, 27};
        must(::setgroups(2, had) == 0, "setgroups");
        return Daemonizer{RunAs{user, user + 1}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    check_rights(daemon, user, user + 1, "");
    CHECK(state_of(daemon, "Umask") == "0022");
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("a daemon is a named user with his groups", "[identity]") {
    if (lacks_drop() || cannot_mount())
        return;
    Scene scene;
    const auto lookup = GENERATE(0, 1); // the name service, the files
    const pid_t launcher = scene.begin([&] {
        take_private_mounts();
        replace_file(scene, "/etc/passwd", "root:x:0:0::/:/bin/sh\nclock:x:1234:100::/:/bin/sh\n");
        replace_file(scene, "/etc/group", "root:x:0:\nadm:x:4:clock\nown:x:100:\nlate:x:9:clock\n");
        replace_file(scene, "/etc/nsswitch.conf", "passwd: files\ngroup: files\n");
        return lookup == 0 ? Daemonizer{RunAs{"clock", "own"}, Wires{}}.run(serve)
                           : Daemonizer{RunAs<"clock", "", UserFiles>{}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    check_rights(daemon, 1234, 100, "4 9 100");
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("what a named user cannot be", "[identity]") {
    if (lacks_drop() || cannot_mount())
        return;
    Scene scene;
    const auto start = [&](const char* user, const char* group, unsigned groups) {
        return scene.run([&] {
            take_private_mounts();
            std::string file = "root:x:0:\n";
            for (unsigned i = 0; i != groups; ++i)
                file += "g" + std::to_string(i) + ":x:" + std::to_string(i + 1) + ":clock\n";
            replace_file(scene, "/etc/passwd",
                         "root:x:0:0::/:/bin/sh\nclock:x:1234:100::/:/bin/sh\n"
                         "none:x:4294967295:100::/:/bin/sh\n");
            replace_file(scene, "/etc/group", file);
            replace_file(scene, "/etc/nsswitch.conf", "passwd: files\ngroup: files\n");
            return Daemonizer{RunAs{user, group}, PidFile{scene.path("x.pid").c_str()}, Wires{}}
                .run(serve);
        });
    };
    SECTION("nobody of that name") {
        check_refused(scene, start("alarm", "", 0), 1, "run as: alarm: no such user");
    }
    SECTION("no group of that name") {
        check_refused(scene, start("clock", "alarm", 0), 1, "run as: alarm: no such group");
    }
    SECTION("in 70,000 groups") {
        // libc's list has the user's own group, too.
        check_refused(scene, start("clock", "", 70000), 1,
                      "run as: clock: is in 70000 groups; the kernel takes 65536");
    }
    CHECK_FALSE(exists(scene.path("x.pid")));
}

TEST_CASE("a lookup of users that hangs is ended by Ctrl-C", "[identity]") {
    if (cannot_mount())
        return;
    Scene scene;
    const std::string file = scene.path("x.pid");
    const int signal = GENERATE(SIGHUP, SIGINT, SIGTERM);
    const int way = GENERATE(0, 1, 2, 3);
    const pid_t launcher = scene.begin([&] {
        take_private_mounts();
        replace_file(scene, "/etc/nsswitch.conf", "passwd: files\ngroup: files\n");
        const std::string users = scene.path("users"); // nobody ever writes to it
        must(::mkfifo(users.c_str(), 0644) == 0, "mkfifo");
        must(::mount(users.c_str(), "/etc/passwd", "none", MS_BIND, nullptr) == 0, "bind mount");
        const Daemonizer asking{RunAs{"clock"}, PidFile{file.c_str()}, Wires{}};
        switch (way) {
        case 0:
            return asking.run(serve);
        case 1: // a handler of the program's has nothing to say in the launcher of run()
            ::signal(signal, [](int) {});
            return asking.run(serve);
        case 2:
            (void)asking.start();
            return 9;
        default:
            return Daemonizer{NoFork{}, RunAs<"clock", "", UserFiles>{}, PidFile{file.c_str()},
                              Wires{}}
                .run(serve);
        }
    });
    REQUIRE(scene.until([&] { return exists(scene.path("users")); }));
    await_sleep(scene, launcher);
    CHECK_FALSE(exists(file)); // nor does it hold another start up
    ::kill(launcher, signal);
    CHECK(scene.end_of(launcher) == -signal);
    CHECK(scene.err() == "");
    CHECK(scene.strays() == "");
    CHECK_FALSE(exists(file));
}

TEST_CASE("an ordinary user", "[identity]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const uid_t user = stranger();
    const auto as_user = [&](auto start) {
        return scene.run([&] {
            become(user);
            ::prctl(PR_SET_DUMPABLE, 1UL); // as after an exec: its files in /proc are its own
            return start();
        });
    };
    const auto refused = [&](const Outcome& outcome, const std::string& text) {
        check_refused(scene, outcome, 1, text);
    };
    SECTION("becomes himself") {
        const pid_t launcher = scene.begin([&] {
            become(user);
            return Daemonizer{RunAs{user, user}, NoNewPrivileges{}, NoCoreDumps{}, Nice<19>{},
                              Wires{}}
                .run(serve);
        });
        const pid_t daemon = scene.pid();
        CHECK(scene.outcome_of(launcher).err == "");
        check_rights(daemon, user, user, "");
        CHECK(state_of(daemon, "NoNewPrivs") == "1");
        CHECK(scene.dismiss(daemon) == 0);
    }
    SECTION("becomes nobody else") {
        refused(as_user([&] {
                    return Daemonizer{RunAs{user + 1, user}, Wires{}}.run(serve);
                }),
                "run as: user " + std::to_string(user + 1) +
                    ": Operation not permitted, needs CAP_SETUID");
        refused(as_user([&] {
                    return Daemonizer{RunAs{user, user + 1}, Wires{}}.run(serve);
                }),
                "run as: group " + std::to_string(user + 1) +
                    ": Operation not permitted, needs CAP_SETGID");
        refused(as_user([&] {
                    return Daemonizer{RunAs{0, 0}, Wires{}}.run(serve);
                }),
                "run as: group 0: Operation not permitted, needs CAP_SETGID");
    }
    SECTION("keeps no groups that he does not ask for") {
        refused(scene.run([&] {
            const gid_t other = 4;
            must(::setgroups(1, &other) == 0, "setgroups");
            must(::setresgid(user, user, user) == 0, "setresgid");
            must(::setresuid(user, user, user) == 0, "setresuid");
            return Daemonizer{RunAs{user, user}, Wires{}}.run(serve);
        }),
                "run as: group list: Operation not permitted, needs CAP_SETGID and a user "
                "namespace that lets groups be set");
    }
    SECTION("has no capability to keep, and takes none away") {
        refused(as_user([&] {
                    return Daemonizer{KeepCapabilities<CAP_NET_BIND_SERVICE>{}, Wires{}}.run(serve);
                }),
                "capabilities: CAP_NET_BIND_SERVICE: is not there to be kept");
        refused(as_user([&] {
                    return Daemonizer{KeepCapabilities<>{}, Wires{}}.run(serve);
                }),
                "capabilities: bounding set: Operation not permitted, needs CAP_SETPCAP");
    }
    SECTION("changes no root") {
        refused(as_user([&] {
                    return Daemonizer{Chroot{"/"}, Wires{}}.run(serve);
                }),
                "chroot: /: Operation not permitted, needs CAP_SYS_CHROOT");
    }
    SECTION("is not served first") {
        refused(scene.run([&] {
            // Whatever the test itself runs with: each may give up more, and take nothing back.
            must(::setpriority(PRIO_PROCESS, 0, 19) == 0, "setpriority");
            const rlimit none{0, 0};
            must(::setrlimit(RLIMIT_NICE, &none) == 0, "setrlimit");
            become(user);
            return Daemonizer{Nice<-1>{}, Wires{}}.run(serve);
        }),
                "nice: priority: Permission denied, needs CAP_SYS_NICE or RLIMIT_NICE");
        const auto spared_from = [&](int least) {
            write_text("/proc/self/oom_score_adj", "0"); // with CAP_SYS_RESOURCE the least, too
            become(user);
            ::prctl(PR_SET_DUMPABLE, 1UL);
            write_text("/proc/self/oom_score_adj", std::to_string(least));
            return text_of("/proc/self/oom_score_adj") == std::to_string(least) + '\n';
        };
        if (scene.run([&] { return spared_from(-1000) ? 0 : 1; }).status == 0) {
            WARN("skipped: this test was started with a least oom score that cannot be left");
        } else {
            refused(scene.run([&] {
                spared_from(0);
                return Daemonizer{OomScore<-1000>{}, Wires{}}.run(serve);
            }),
                    "oom score: /proc/self/oom_score_adj: Permission denied, needs "
                    "CAP_SYS_RESOURCE");
        }
    }
    SECTION("has no limit above the hard one") {
        refused(scene.run([&] {
            const rlimit some{100, 100};
            must(::setrlimit(RLIMIT_NPROC, &some) == 0, "setrlimit");
            become(user);
            return Daemonizer{Limit<RLIMIT_NPROC, 50, 4242>{}, Wires{}}.run(serve);
        }),
                "limit: processes: 4242 is above the hard limit of 100, needs CAP_SYS_RESOURCE");
    }
    SECTION("locks no more memory than his limit") {
        if (locks_nothing())
            return; // the last section: it hides none
        refused(as_user([&] {
                    return Daemonizer{Limit<RLIMIT_MEMLOCK, 0>{}, LockMemory{}, Wires{}}.run(serve);
                }),
                "lock memory: mlockall: Operation not permitted, needs CAP_IPC_LOCK or a higher "
                "RLIMIT_MEMLOCK");
    }
}

TEST_CASE("one capability is kept, and no other comes back", "[identity]") {
    if (lacks_drop() || lacks(10, "CAP_NET_BIND_SERVICE"))
        return;
    Scene scene;
    const uid_t user = stranger();
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{RunAs{user, user}, KeepCapabilities<CAP_NET_BIND_SERVICE>{},
                          NoNewPrivileges{}, NoCoreDumps{}, Wires{}}
            .run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    check_rights(daemon, user, user, "", "0000000000000400");
    CHECK(state_of(daemon, "CapBnd") == "0000000000000400");
    CHECK(state_of(daemon, "NoNewPrivs") == "1");
    CHECK(text_of("/proc/" + std::to_string(daemon) + "/limits")
              .find("Max core file size        0                    0 ") != std::string::npos);
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("root without capabilities", "[identity]") {
    if (lacks_drop())
        return;
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{KeepCapabilities<>{}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    CHECK(state_of(daemon, "Uid") == ids(::getuid()));
    for (const char* const set : {"CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"})
        CHECK(state_of(daemon, set) == no_capability);
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("capabilities of a starter that is no root", "[identity]") {
    if (lacks_drop())
        return;
    Scene scene;
    const uid_t user = stranger();
    const pid_t launcher = scene.begin([&] {
        // As a unit with User= and AmbientCapabilities= starts it: the change drops nothing.
        must(::prctl(PR_SET_KEEPCAPS, 1UL) == 0, "keepcaps");
        must(::setgroups(0, nullptr) == 0, "setgroups");
        must(::setresgid(user, user, user) == 0, "setresgid");
        must(::setresuid(user, user, user) == 0, "setresuid");
        daemonizer::detail::CapabilitySets sets;
        PosixHost::capabilities(sets);
        const std::uint64_t some = 1U << 6 | 1U << 7 | 1U << 10;
        must(PosixHost::set_capabilities({some, some, some}) == 0, "capset");
        for (const int capability : {6, 7, 10})
            must(PosixHost::raise_ambient(capability) == 0, "ambient");
        return Daemonizer{RunAs{user + 1, user}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    check_rights(daemon, user + 1, user, "");
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("a user namespace", "[identity]") {
    const auto enter = [] {
        must(::unshare(CLONE_NEWUSER) == 0, "a user namespace");
        write_text("/proc/self/setgroups", "deny"); // or the kernel takes no map of groups
        write_text("/proc/self/uid_map", "0 0 1");
        write_text("/proc/self/gid_map", "0 0 1");
        must(::getuid() == 0 && ::getgid() == 0, "a map of ids");
    };
    const auto enter_with = [&](std::vector<gid_t> groups) {
        must(::setgroups(groups.size(), groups.data()) == 0, "setgroups");
        enter();
    };
    if (cannot("a user namespace with groups of its own", [&] { enter_with({4}); }))
        return;
    Scene scene;
    SECTION("where groups cannot be set, and are others") {
        check_refused(scene, scene.run([&] {
            enter_with({4});
            return Daemonizer{RunAs{0, 0}, Wires{}}.run(serve);
        }),
                      1,
                      "run as: group list: Operation not permitted, needs CAP_SETGID and a user "
                      "namespace that lets groups be set");
    }
    SECTION("where groups cannot be set, and are right") {
        const pid_t launcher = scene.begin([&] {
            enter_with({});
            return Daemonizer{RunAs{0, 0}, Wires{}}.run(serve);
        });
        const pid_t daemon = scene.pid();
        CHECK(scene.outcome_of(launcher).err == "");
        CHECK(scene.dismiss(daemon) == 0);
    }
    SECTION("that knows no such user") {
        check_refused(scene, scene.run([&] {
            enter_with({});
            return Daemonizer{RunAs{1000, 0}, Wires{}}.run(serve);
        }),
                      1, "run as: user 1000: is not mapped in this user namespace");
    }
    SECTION("that knows no such group") {
        check_refused(scene, scene.run([&] {
            enter_with({});
            return Daemonizer{RunAs{0, 1000}, Wires{}}.run(serve);
        }),
                      1, "run as: group 1000: is not mapped in this user namespace");
    }
}

TEST_CASE("another root", "[identity]") {
    if (lacks(18, "CAP_SYS_CHROOT") || lacks_drop())
        return;
    Scene scene;
    const std::string jail = scene.path("jail"), pid = scene.path("x.pid");
    std::filesystem::create_directories(jail + "/data");
    const auto start = [&](const char* path) {
        return scene.run([&] {
            return Daemonizer{Chroot{path}, PidFile{pid.c_str()}, Wires{}}.run(serve);
        });
    };
    SECTION("that is one") {
        const std::string log = scene.path("x.log");
        const uid_t user = stranger();
        const pid_t launcher = scene.begin([&] {
            return Daemonizer{Chroot{jail.c_str()},
                              PidFile{pid.c_str()},
                              LogStdio{log.c_str()},
                              RunAs{user, user},
                              SignalFd<SIGTERM>{},
                              WorkingDirectory<"data">{},
                              Wires{}}
                .run([](auto& daemon) {
                    tell_pid();
                    daemon.ready();
                    std::printf("%s\n", daemon.reopen() ? "reopened" : "not reopened");
                    std::fflush(stdout);
                    return daemon.wait() == SIGTERM ? 0 : 1;
                });
        });
        const pid_t daemon = scene.pid();
        CHECK(scene.outcome_of(launcher).status == 0);
        check_rights(daemon, user, user, "");
        const std::string proc = "/proc/" + std::to_string(daemon);
        CHECK(std::filesystem::read_symlink(proc + "/root") == jail);
        CHECK(std::filesystem::read_symlink(proc + "/cwd") == jail + "/data");
        // A way out would be a descriptor of a directory.
        for (const auto& entry : std::filesystem::directory_iterator{proc + "/fd"})
            CHECK_FALSE(std::filesystem::is_directory(entry.path()));
        CHECK(text_of(pid) == std::to_string(daemon) + '\n');
        REQUIRE(::kill(daemon, SIGTERM) == 0);
        CHECK(scene.end_of(daemon) == 0);
        CHECK(exists(pid)); // outside, where nobody may remove it any more
        CHECK(text_of(pid) == "");
        CHECK(text_of(log).find("stdio: reopen: No such file or directory") != std::string::npos);
        CHECK(text_of(log).find("not reopened\n") != std::string::npos);
    }
    SECTION("that is a file") {
        const std::string file = scene.path("file");
        write_text(file, "");
        check_refused(scene, start(file.c_str()), 1, "chroot: " + file + ": Not a directory");
    }
    SECTION("that is missing") {
        const std::string missing = scene.path("missing");
        check_refused(scene, start(missing.c_str()), 1,
                      "chroot: " + missing + ": No such file or directory");
    }
    SECTION("that is relative") {
        check_refused(scene, start("jail"), 1, "chroot: jail: is not an absolute path");
    }
    SECTION("that is no text") {
        check_refused(scene, start(nullptr), 1, "chroot: path: is empty");
        check_refused(scene, start(""), 1, "chroot: path: is empty");
    }
    SECTION("that others can write") {
        for (const auto who :
             {std::filesystem::perms::group_write, std::filesystem::perms::others_write}) {
            std::filesystem::permissions(jail, std::filesystem::perms::owner_all | who);
            check_refused(scene, start(jail.c_str()), 1,
                          "chroot: " + jail + ": can be written by others");
        }
    }
    SECTION("that is a stranger's") {
        REQUIRE(::chown(jail.c_str(), stranger(), 0) == 0);
        check_refused(scene, start(jail.c_str()), 1,
                      "chroot: " + jail + ": belongs to another user than root");
    }
    SECTION("without the working directory") {
        check_refused(scene, scene.run([&] {
            return Daemonizer{Chroot{jail.c_str()}, WorkingDirectory<"/missing">{},
                              PidFile{pid.c_str()}, Wires{}}
                .run(serve);
        }),
                      1, "chroot: /missing: No such file or directory");
        CHECK(text_of(pid) == "");
    }
}

TEST_CASE("a pid file in a directory that the daemon's user may not write", "[identity]") {
    if (lacks_drop())
        return;
    Scene scene;
    const uid_t user = stranger();
    const std::string pid = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{RunAs{user, user}, PidFile{pid.c_str()}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    CHECK(text_of(pid) == std::to_string(daemon) + '\n');
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(text_of(pid) == "");
    // And it can be started again on what was left.
    const pid_t again = scene.begin([&] {
        return Daemonizer{RunAs{user, user}, PidFile{pid.c_str()}, Wires{}}.run(serve);
    });
    const pid_t second = scene.pid();
    CHECK(scene.outcome_of(again).err == "");
    CHECK(scene.dismiss(second) == 0);
}

TEST_CASE("a log is opened anew as the daemon's user", "[identity]") {
    if (lacks_drop())
        return;
    Scene scene;
    const uid_t user = stranger();
    const std::string log = scene.path("x.log"), old = scene.path("x.log.1");
    const bool may = GENERATE(true, false);
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{RunAs{user, user}, LogStdio{log.c_str()}, Wires{}}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            await_gate();
            const bool done = daemon.reopen();
            tell(done ? "reopened" : "kept");
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).status == 0);
    std::filesystem::rename(log, old);
    write_text(log, "");
    if (may)
        REQUIRE(::chown(log.c_str(), user, user) == 0);
    scene.let_go();
    scene.fact(may ? "reopened" : "kept");
    CHECK(scene.end_of(daemon) == 0);
    CHECK((text_of(old).find("stdio: reopen: Permission denied") == std::string::npos) == may);
}

TEST_CASE("limits, priority, name and environment of a daemon", "[identity]") {
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        ::setenv("TZ", "UTC", 1);
        ::setenv("LD_PRELOAD_X", "/x", 1);
        return Daemonizer{Limit<RLIMIT_SIGPENDING, 300, 400>{},
                          Limit<RLIMIT_CORE, 0>{},
                          Nice<19>{},
                          OomScore<1000>{},
                          ProcessName<"fifteen letters">{},
                          CleanEnvironment<"TZ">{},
                          Wires{}}
            .run([](auto& daemon) {
                tell_pid();
                tell("preloaded " + std::string{::getenv("LD_PRELOAD_X") ? "yes" : "no"});
                tell("zone " + std::string{::getenv("TZ") ? ::getenv("TZ") : "none"});
                daemon.ready();
                await_gate();
                return 0;
            });
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    CHECK(scene.fact("preloaded") == "no");
    CHECK(scene.fact("zone") == "UTC");
    const std::string proc = "/proc/" + std::to_string(daemon);
    CHECK(text_of(proc + "/comm") == "fifteen letters\n");
    CHECK(text_of(proc + "/oom_score_adj") == "1000\n");
    CHECK(text_of(proc + "/limits").find("Max pending signals       300                  400 ") !=
          std::string::npos);
    CHECK(stat_of(std::to_string(daemon)).at(16) == "19");
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("memory that is locked", "[identity]") {
    if (lacks(14, "CAP_IPC_LOCK") || locks_nothing())
        return;
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{LockMemory{}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    CHECK(state_of(daemon, "VmLck") != "0 kB");
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("a daemon whose rights were dropped is watched until it is ready", "[identity]") {
    if (lacks_drop())
        return;
    Scene scene;
    const uid_t user = stranger();
    const std::string pid = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{RunAs{user, user}, PidFile{pid.c_str()}, Wires{}}.run([](auto&) -> int {
            tell_pid();
            ::abort();
        });
    });
    scene.pid();
    const Outcome outcome = scene.outcome_of(launcher);
    CHECK(outcome.status == 128 + SIGABRT);
    CHECK(scene.nobody_stays());
    CHECK_FALSE(exists(pid)); // the launcher still is root
}

TEST_CASE("a hand-off changes the user as well", "[identity]") {
    if (lacks_drop() || ::getpwnam("nobody") == nullptr)
        return;
    const passwd nobody = *::getpwnam("nobody");
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{HandoffFork{}, RunAs{"nobody"}, KeepCapabilities<>{}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.outcome_of(launcher).err == "");
    CHECK(state_of(daemon, "Uid") == ids(nobody.pw_uid));
    CHECK(state_of(daemon, "Gid") == ids(nobody.pw_gid));
    CHECK(state_of(daemon, "CapBnd") == no_capability);
    CHECK(scene.dismiss(daemon) == 0);
}

// CVE-2016-1247: a log directory that the daemon's user may write, where root opens the log.
TEST_CASE("a log directory of the daemon's user", "[identity]") {
    if (lacks_drop())
        return;
    Scene scene;
    const uid_t user = stranger();
    const std::string own = scene.path("own"), log = own + "/x.log", secret = scene.path("secret");
    std::filesystem::create_directory(own);
    REQUIRE(::chown(own.c_str(), user, user) == 0);
    write_text(secret, "root's\n");
    const auto begin = [&] {
        return scene.begin([&] {
            return Daemonizer{RunAs{user, user}, LogStdio{log.c_str()}, Wires{}}.run(
                [](auto& daemon) {
                    tell_pid();
                    daemon.ready();
                    await_gate();
                    std::printf(daemon.reopen() ? "reopened\n" : "kept\n");
                    std::fflush(stdout);
                    return 0;
                });
        });
    };
    SECTION("in which he has put a link to a file of root's") {
        const bool hard = GENERATE(true, false);
        if (hard)
            std::filesystem::create_hard_link(secret, log);
        else
            std::filesystem::create_symlink(secret, log);
        const Outcome outcome = scene.outcome_of(begin());
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find("stdio: " + log) != std::string::npos);
        CHECK(scene.heard() == "");
    }
    SECTION("in which he puts one later, for the daemon to follow") {
        write_text(log, "");
        REQUIRE(::chown(log.c_str(), user, user) == 0);
        const pid_t launcher = begin();
        const pid_t daemon = scene.pid();
        CHECK(scene.outcome_of(launcher).err == "");
        std::filesystem::rename(log, own + "/old");
        std::filesystem::create_symlink(secret, log);
        CHECK(scene.dismiss(daemon) == 0);
        CHECK(text_of(own + "/old").find("kept\n") != std::string::npos);
    }
    SECTION("in which the log is his, and is renamed") {
        write_text(log, "");
        REQUIRE(::chown(log.c_str(), user, user) == 0);
        for (int start = 0; start != 2; ++start) { // the second finds what the first has made
            const pid_t launcher = begin();
            const pid_t daemon = scene.pid();
            CHECK(scene.outcome_of(launcher).err == "");
            std::filesystem::rename(log, own + "/old");
            CHECK(scene.dismiss(daemon) == 0);
            CHECK(text_of(log) == "reopened\n");
        }
    }
    CHECK(text_of(secret) == "root's\n");
    CHECK(scene.nobody_stays());
}
