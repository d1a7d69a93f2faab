// SPDX-License-Identifier: BSL-1.0
// A starter's surroundings made strange: system calls refused, other mounts, another user, a
// terminal. All of it in a forked child; the test asks first whether it can be had here.
#ifndef DAEMONIZER_TESTS_PROCESS_KERNEL_HPP
#define DAEMONIZER_TESTS_PROCESS_KERNEL_HPP

#include "launch.hpp"

#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

namespace launch {

inline void must(bool good, const char* what) {
    if (!good)
        throw std::runtime_error{std::string{what} + ": " + std::strerror(errno)};
}

/// From now on the system call `number` fails with `error`, in all that this process forks too.
inline void deny(long number, int error) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), // seccomp_data::nr
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{4, program};
    must(::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0, "no_new_privs");
    must(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "seccomp");
}

/// Mounts that only this process and its children see.
inline void take_private_mounts() {
    must(::unshare(CLONE_NEWNS) == 0, "unshare");
    must(::mount("none", "/", "none", MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
}

/// A user id that nobody is likely to have; tests that run at the same time have different ones.
inline auto stranger() -> uid_t { return 60000 + static_cast<uid_t>(::getppid()) % 5000; }

inline void become(uid_t user) {
    must(::setgroups(0, nullptr) == 0, "setgroups");
    must(::setresgid(user, user, user) == 0, "setresgid");
    must(::setresuid(user, user, user) == 0, "setresuid");
}

/// True, with the reason printed, where `attempt` fails in a child.
template <class Attempt>
auto cannot(const char* what, Attempt attempt) -> bool {
    Scene scene;
    const Outcome outcome = scene.run([&] {
        attempt();
        return 0;
    });
    if (outcome.status == 0)
        return false;
    WARN("skipped: " << what << " is not to be had here (" << outcome.err << ")");
    return true;
}
inline auto cannot_mount() -> bool {
    return cannot("a mount namespace", [] { take_private_mounts(); });
}
inline auto cannot_filter() -> bool {
    return cannot("a seccomp filter", [] { deny(SYS_close_range, ENOSYS); });
}
inline auto cannot_become_another() -> bool {
    return cannot("another user", [] { become(stranger()); });
}

/// A pseudo terminal that is nobody's controlling terminal yet.
class Terminal {
public:
    Terminal() : master_{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)} {
        char name[64];
        REQUIRE(master_ >= 0);
        REQUIRE(::grantpt(master_) == 0);
        REQUIRE(::unlockpt(master_) == 0);
        REQUIRE(::ptsname_r(master_, name, sizeof name) == 0);
        name_ = name;
    }
    Terminal(const Terminal&) = delete;
    auto operator=(const Terminal&) -> Terminal& = delete;
    ~Terminal() { ::close(master_); }

    auto name() const -> const std::string& { return name_; }
    void type(char key) const { REQUIRE(::write(master_, &key, 1) == 1); }

    /// This process leads a session on the terminal, as a command does that ssh -t has started.
    void lead_session() const {
        must(::setsid() > 0, "setsid");
        const int slave = ::open(name_.c_str(), O_RDWR);
        must(slave >= 0 && ::ioctl(slave, TIOCSCTTY, 0) == 0, "controlling terminal");
        ::dup2(slave, 0);
        ::dup2(slave, 1);
        if (slave > 2)
            ::close(slave);
        ::close(master_);
    }

private:
    int master_;
    std::string name_;
};

} // namespace launch

#endif
