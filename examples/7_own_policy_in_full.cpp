// SPDX-License-Identifier: BSL-1.0
// A policy of one's own that uses every hook: `Audit` keeps a file of what the daemon did. It
// brings the member `daemon.audit(text)`, takes the daemon's log lines, is told of ready and of the
// end, writes to stderr in the foreground, and has a line of the systemd unit.
// docs/writing_a_policy.md explains the hooks one by one.
//
//     $ ./example_7_own_policy_in_full start --audit /var/log/x.audit --pid-file /run/x.pid
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include <cstdio>
#include <fcntl.h>
#include <syslog.h>

// ---- What would be a header ---------------------------------------------------------------------

namespace audit {

struct slot : daemonizer::own_slot {
    static constexpr const char* name = "audit";
};

/// The member that both forms of the policy bring to the daemon.
template <class Base>
struct members : Base {
    using Base::Base;

    /// Notes what has been done, as one line.
    void audit(const char* text) {
        Base::template in<slot>::write_line(this->host(), this->template option_in<slot>(),
                                            this->template state_in<slot>(), LOG_NOTICE, text);
    }
};

inline void write_line_to(const auto& host, int fd, int priority, const char* text) {
    char line[512];
    const int size = std::snprintf(line, sizeof line, "<%d> %s\n", priority, text);
    if (size > 0 && static_cast<std::size_t>(size) < sizeof line)
        host.write(fd, line, static_cast<std::size_t>(size));
}

/// Its form in the foreground: no file, stderr.
struct OnStderr {
    using slot = audit::slot;
    using steps = daemonizer::step_list<>;
    template <class Base>
    using members = audit::members<Base>;

    static void write_line(const auto& host, const auto&, auto&, int priority, const char* text) {
        write_line_to(host, 2, priority, text);
    }
};

/// Appends to the file at an absolute path, whose characters the caller owns.
struct Audit {
    const char* path;

    constexpr explicit Audit(daemonizer::TextArgument file) : path{file.characters()} {}

    /// What the step acquires.
    struct state {
        int fd = -1;
        void each_descriptor(auto keep) const { keep(fd); } // CloseDescriptors spares it
    };

    // In phase::targets: the starter still has his rights, and an error still has the terminal.
    struct Open : daemonizer::undoable_step<daemonizer::phase::targets> {
        static constexpr const char* name = "audit";

        static auto run(const auto& start, const Audit& policy) -> bool {
            const auto& host = start.host();
            const int file =
                host.open(AT_FDCWD, policy.path,
                          O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
            if (!start.check(file, policy.path))
                return false;
            int& fd = start.state(policy).fd;
            fd = host.duplicate_above_stdio(file); // the starter may have closed 0-2
            host.close(file);
            return start.check(fd, policy.path);
        }
        static void undo(const auto& host, const Audit&, state& state) {
            host.close(state.fd);
            state.fd = -1;
        }
    };

    using slot = audit::slot;
    using steps = daemonizer::step_list<Open>;
    template <class Base>
    using members = audit::members<Base>;

    static void write_line(const auto& host, const Audit&, state& state, int priority,
                           const char* text) {
        if (state.fd >= 0) // it may be called before its step has run
            write_line_to(host, state.fd, priority, text);
    }

    static void on(daemonizer::event::ready, const auto& host, const Audit& policy, state& state) {
        write_line(host, policy, state, LOG_NOTICE, "is ready");
    }
    static void on(daemonizer::event::stopping, const auto& host, const Audit& policy,
                   state& state) {
        write_line(host, policy, state, LOG_NOTICE, "stops");
    }

    auto in_foreground() const -> OnStderr { return {}; }
    void unit_lines(auto& unit) const { unit.line("ReadWritePaths", path); }
};
static_assert(daemonizer::Policy<Audit>);

} // namespace audit

// ---- The program --------------------------------------------------------------------------------

int main(int argc, char** argv) {
    using namespace daemonizer;
    const char* const file = take_option(argc, argv, "--audit");
    const char* const pid_file = take_option(argc, argv, "--pid-file");
    const Daemonizer service{audit::Audit{file != nullptr ? file : "/tmp/x.audit"},
                             PidFile{pid_file != nullptr ? pid_file : "/tmp/x.pid"},
                             SignalFd<SIGTERM, SIGHUP>{}};
    const auto serve = [](auto& daemon) {
        daemon.ready();
        while (daemon.wait() != SIGTERM) {
            daemon.audit("reloads");
            daemon.log(LOG_INFO, "the configuration is as it was");
        }
        return 0;
    };
    return command_line(service, argc, argv, serve, {.about = "keeps an audit file"});
}
