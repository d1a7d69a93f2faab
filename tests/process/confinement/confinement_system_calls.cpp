// SPDX-License-Identifier: BSL-1.0
// DenySystemCalls in real daemons: what answers EPERM and ENOSYS, and what goes on.
#include "kernel.hpp"

#include <spawn.h>
#include <thread>

using namespace daemonizer;
using namespace launch;

namespace {

using Everything =
    DenySystemCalls<system_calls::mount, system_calls::module, system_calls::reboot,
                    system_calls::swap, system_calls::clock, system_calls::keyring,
                    system_calls::ptrace, system_calls::bpf, system_calls::perf,
                    system_calls::userfaultfd, system_calls::kexec, system_calls::namespaces>;

auto errno_of(long answer) -> std::string { return answer < 0 ? std::strerror(errno) : "ok"; }
auto call(long number) { return ::syscall(number, -1L, -1L, -1L, -1L, -1L, -1L); }

auto line_of_status(const std::string& key) -> std::string {
    const std::string text = text_of("/proc/self/status");
    const auto place = text.find(key + ":\t");
    return place == std::string::npos
               ? "none"
               : text.substr(place + key.size() + 2,
                             text.find('\n', place) - place - key.size() - 2);
}

auto cannot_deny() -> bool {
    return cannot("a seccomp filter", [] {
        must(call(SYS_seccomp) == -1 && errno != ENOSYS, "seccomp"); // valgrind has none
        must(Daemonizer{NoFork{}, KeepStdio{}, KeepDescriptors{}, Everything{}}.run([] {}) == 0,
             "filter");
    });
}

/// How a child ends that does nothing but `act`.
template <class Act>
auto end_of_child(Act act) -> int {
    const pid_t child = ::fork();
    if (child == 0) {
        act();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return code_of(status);
}

/// By the header of their file, elf(5).
auto are_programs_of_64_bits() -> bool { return text_of("/bin/sh").substr(4, 1) == "\2"; }

} // namespace

TEST_CASE("DenySystemCalls: the groups answer EPERM, what is newer ENOSYS", "[confinement]") {
    if (cannot_deny())
        return;
    const bool as_another = GENERATE(false, true);
    if (as_another && cannot_become_another())
        return;
    Scene scene;
    const Outcome outcome = scene.run([&] {
        if (as_another)
            become(stranger());
        return Daemonizer{Everything{}, Wires{}}.run([](auto& daemon) {
            for (const long number : {SYS_mount,
                                      SYS_umount2,
                                      SYS_pivot_root,
                                      SYS_chroot,
                                      428,
                                      429,
                                      430,
                                      431,
                                      432,
                                      433,
                                      442,
                                      467,
                                      SYS_init_module,
                                      SYS_finit_module,
                                      SYS_delete_module,
                                      SYS_reboot,
                                      SYS_swapon,
                                      SYS_swapoff,
                                      SYS_settimeofday,
                                      SYS_clock_settime,
                                      SYS_adjtimex,
                                      SYS_clock_adjtime,
                                      SYS_add_key,
                                      SYS_request_key,
                                      SYS_keyctl,
                                      SYS_ptrace,
                                      SYS_process_vm_readv,
                                      SYS_process_vm_writev,
                                      SYS_kcmp,
                                      438,
                                      SYS_bpf,
                                      SYS_perf_event_open,
                                      SYS_userfaultfd,
                                      SYS_kexec_load,
                                      SYS_setns})
                if (call(number) != -1 || errno != EPERM)
                    tell("allowed " + std::to_string(number) + ' ' + std::strerror(errno));
            tell("newer " + errno_of(call(detail::newest_system_call + 1)));
            tell("clone3 " + errno_of(call(435)));
            tell("known " + errno_of(call(SYS_fchdir))); // EBADF: it came to the kernel
            tell("seccomp " + line_of_status("Seccomp"));
            tell("privileges " + line_of_status("NoNewPrivs"));
            daemon.ready();
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    CHECK(scene.fact("newer") == "Function not implemented");
    CHECK(scene.fact("clone3") == "Function not implemented");
    CHECK(scene.fact("known") == "Bad file descriptor");
    CHECK(scene.fact("seccomp") == "2");
    CHECK(scene.fact("privileges") == "1");
    CHECK(scene.heard() == "");
}

TEST_CASE("DenySystemCalls: a group that is not named is left alone", "[confinement]") {
    if (cannot_deny())
        return;
    Scene scene;
    CHECK(scene
              .run([] {
                  return Daemonizer{DenySystemCalls<system_calls::ptrace>{}, Wires{}}.run(
                      [](auto& daemon) {
                          tell("ptrace " + errno_of(call(SYS_ptrace)));
                          tell("swap " + errno_of(call(SYS_setns)));
                          daemon.ready();
                          return 0;
                      });
              })
              .status == 0);
    CHECK(scene.fact("ptrace") == "Operation not permitted");
    CHECK(scene.fact("swap") == "Bad file descriptor");
}

TEST_CASE("DenySystemCalls: children, threads and programs go on, namespaces do not",
          "[confinement]") {
    if (cannot_deny())
        return;
    Scene scene;
    const Outcome outcome = scene.run([] {
        return Daemonizer{Everything{}, Wires{}}.run([](auto& daemon) {
            tell("fork " + std::to_string(end_of_child([] {})));
            int answer = 0;
            std::thread{[&] { answer = 42; }}.join();
            tell("thread " + std::to_string(answer));
            pid_t child = 0;
            char program[] = "true";
            char* const arguments[] = {program, nullptr};
            tell("spawn " + std::to_string(::posix_spawnp(&child, program, nullptr, nullptr,
                                                          arguments, environ)));
            int status = -1;
            ::waitpid(child, &status, 0);
            tell("program " + std::to_string(code_of(status)));
            tell("shell " + std::to_string(code_of(std::system("true"))));
            tell("fs " + errno_of(::unshare(CLONE_FS | CLONE_FILES)));
            tell("user " + errno_of(::unshare(CLONE_NEWUSER)));
#if defined(__s390x__)
            tell("clone " + errno_of(::syscall(SYS_clone, 0L, CLONE_NEWUSER | SIGCHLD, 0, 0, 0)));
#else
            tell("clone " + errno_of(::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0L, 0, 0, 0)));
#endif
            tell("inherited " + std::to_string(end_of_child([] {
                     ::_exit(call(SYS_setns) == -1 && errno == EPERM ? 5 : 6);
                 })));
            daemon.ready();
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("fork") == "0");
    CHECK(scene.fact("thread") == "42");
    CHECK(scene.fact("spawn") == "0");
    if (sizeof(void*) == 4 && are_programs_of_64_bits()) {
        WARN("skipped: this machine's own programs make other system calls, and are killed");
    } else {
        CHECK(scene.fact("program") == "0");
        CHECK(scene.fact("shell") == "0");
    }
    CHECK(scene.fact("fs") == "ok");
    CHECK(scene.fact("user") == "Operation not permitted");
    CHECK(scene.fact("clone") == "Operation not permitted");
    CHECK(scene.fact("inherited") == "5");
}

#if defined(__x86_64__)
TEST_CASE("DenySystemCalls: i386's calls kill, x32's are not there", "[confinement]") {
    if (cannot_deny())
        return;
    const auto call_as_i386 = [] {
        long answer = 20; // getpid
        asm volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
        ::_exit(answer == ::getpid() ? 9 : 8);
    };
    Scene scene;
    const int without = end_of_child(call_as_i386);
    const Outcome outcome = scene.run([&] {
        return Daemonizer{Everything{}, Wires{}}.run([&](auto& daemon) {
            tell("i386 " + std::to_string(end_of_child(call_as_i386)));
            tell("x32 " + errno_of(::syscall(0x40000000 + SYS_getpid)));
            daemon.ready();
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("x32") == "Function not implemented");
    if (without == 9)
        CHECK(scene.number("i386") == -SIGSYS);
    else
        WARN("skipped: this kernel runs no calls of i386 (" << without << ")");
}
#endif

TEST_CASE("DenySystemCalls: a daemon's whole life under it and under Landlock", "[confinement]") {
    if (cannot_deny())
        return;
    Scene scene;
    const std::string pid = scene.path("x.pid"), log = scene.path("x.log");
    const Outcome outcome = scene.run([&] {
        return Daemonizer{Everything{},         Landlock<ReadOnly<"/usr">>{},
                          PidFile{pid.c_str()}, LogStdio{log.c_str()},
                          Syslog<"confined">{}, SignalFd<SIGTERM, SIGHUP>{},
                          StartTimeout<30>{},   Wires{}}
            .run([](auto& daemon) {
                std::printf("served\n");
                std::fflush(stdout);
                tell_pid();
                daemon.ready();
                while (daemon.wait() != SIGTERM) {
                }
                return 3;
            });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    const pid_t daemon = scene.pid();
    CHECK(text_of(pid) == std::to_string(daemon) + "\n");
    ::kill(daemon, SIGHUP);
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 3);
    CHECK(text_of(log) == "served\n");
    CHECK(scene.strays() == "");
}

TEST_CASE("DenySystemCalls: kernels that have no filters, or only prctl for them",
          "[confinement]") {
    if (cannot_deny())
        return;
    Scene scene;
    const auto body = [](auto& daemon) {
        tell("mount " + errno_of(call(SYS_setns)));
        daemon.ready();
        return 0;
    };
    using Namespaces = DenySystemCalls<system_calls::namespaces>;
    SECTION("none") {
        check_refused(scene, scene.run([&] {
            deny(SYS_seccomp, EINVAL);
            return Daemonizer{Namespaces{}, Wires{}}.run(body);
        }),
                      1, "system calls: kernel: has no seccomp filters");
    }
    SECTION("one that lies") {
        check_refused(scene, scene.run([&] {
            deny(SYS_seccomp, 0);
            return Daemonizer{Namespaces{}, Wires{}}.run(body);
        }),
                      1, "system calls: seccomp: the filter is not in force");
    }
    SECTION("prctl alone") {
        CHECK(scene
                  .run([&] {
                      deny(SYS_seccomp, ENOSYS);
                      return Daemonizer{Namespaces{}, Wires{}}.run(body);
                  })
                  .status == 0);
        CHECK(scene.fact("mount") == "Operation not permitted");
    }
    CHECK(scene.heard() == "");
}
