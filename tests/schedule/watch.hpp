// SPDX-License-Identifier: BSL-1.0
// What must not happen at any moment: looked at before each call that could make it happen.
#ifndef DAEMONIZER_TESTS_SCHEDULE_WATCH_HPP
#define DAEMONIZER_TESTS_SCHEDULE_WATCH_HPP

#include "pid_file_seen.hpp"
#include "world.hpp"

#include <algorithm>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace schedule {

/// A promise that was broken. `kind` is the same for all schedules that break it in the same way.
struct Violation {
    std::string kind;
    std::string detail;
};

class Watch {
public:
    Watch(World& world, const std::string& pid_file, std::vector<Violation>& violations)
        : world_{world}, pid_file_{pid_file}, violations_{violations} {}

    void at_call(Process& process) {
        switch (process.call) {
        case mark_main: // again, of a program that was executed in place
            process.serves = false;
            break;
        case mark_trial:
            process.is_trial = true;
            break;
        case mark_body:
            process.has_body = true;
            break;
        case mark_ready:
            process.said_ready = true;
            break;
        case mark_serves:
            serves(process);
            break;
        case mark_ends:
            process.ends = true;
            break;
        case mark_worker:
            process.is_worker = true;
            process.has_body = process.said_ready = false;
            break;
        case mark_stranger:
            process.is_stranger = true;
            break;
        case SYS_exit_group:
            leaves(process);
            break;
        case SYS_kill:
            signals(process, static_cast<pid_t>(process.argument[0]),
                    static_cast<int>(process.argument[1]));
            break;
        case SYS_pidfd_send_signal:
            signals(process, pid_of_descriptor(process), static_cast<int>(process.argument[1]));
            break;
        case SYS_unlinkat:
            if (path_of_call(process) == pid_file_)
                replaces(process, "removes");
            break;
        case SYS_renameat:
        case SYS_renameat2:
            if (path_of_call(process, 1) == pid_file_)
                replaces(process, "replaces");
            break;
        case SYS_pwrite64:
            process.wrote_number = process.wrote_number || is_pid_file(process);
            break;
        case SYS_ftruncate:
            if (is_pid_file(process))
                replaces(process, "empties");
            break;
        default:
            break;
        }
    }

    void violate(const std::string& kind, const std::string& detail) {
        if (std::none_of(violations_.begin(), violations_.end(),
                         [&](const Violation& known) { return known.kind == kind; }))
            violations_.push_back({kind, detail});
    }

private:
    void serves(Process& process) {
        for (const Process& other : world_.processes)
            if (&other != &process && other.is_serving())
                violate("two daemons serve at a time",
                        name_of(process) + " while " + name_of(other) + " does");
        process.serves = true;
        if (const PidFileSeen file{pid_file_}; !file.is_of(owner_of(process)))
            violate("a daemon serves without its pid file", file.describe());
    }

    void leaves(const Process& process) {
        const Actor& actor = world_.actors[static_cast<std::size_t>(process.actor)];
        if (actor.first != process.index || process.argument[0] != 0 || !is_start(actor))
            return;
        const bool said = std::any_of(world_.processes.begin(), world_.processes.end(),
                                      [&](const Process& other) {
                                          return other.actor == process.actor && !other.is_worker &&
                                                 !other.is_trial && other.said_ready;
                                      });
        if (!said)
            violate("a launcher says 0 though no daemon is ready", "");
    }

    /// Of a control program: the daemon that the file names. Of a start: its own processes.
    void signals(const Process& process, pid_t to, int number) {
        if (number == 0 || to == process.pid)
            return;
        for (Process& other : world_.processes) {
            if (!other.lives() || (to > 0 ? other.pid != to : ::getpgid(other.pid) != -to))
                continue;
            const bool own = other.actor == process.actor;
            const Actor& actor = world_.actors[static_cast<std::size_t>(process.actor)];
            const bool ordered =
                actor.verb == "stop" || actor.verb == "restart" || actor.verb == "ask-upgrade";
            if (other.is_stranger || !(own || (ordered && other.wrote_number && !other.is_worker)))
                violate("a stranger is signalled", name_of(process) + " sends " +
                                                       std::to_string(number) + " to " +
                                                       name_of(other));
            if (!own && number != SIGUSR2)
                other.signal_of_stop = number;
        }
        if (to > 0 && world_.by_pid(to) == nullptr && ::kill(to, 0) == 0)
            violate("a stranger is signalled",
                    name_of(process) + " sends to a process from outside");
    }

    /// The file of a daemon that lives is nobody's but its own.
    void replaces(const Process& process, const std::string& how) {
        const PidFileSeen file{pid_file_};
        const Process* const named = file.number() > 0 ? world_.by_pid(file.number()) : nullptr;
        if (named != nullptr && named != &process && named->wrote_number && named->lives() &&
            file.byte_1_holder == named->pid)
            violate("somebody " + how + " the pid file of a daemon that lives",
                    name_of(process) + ": " + file.describe());
        if (!file.byte_0_is_held && file.exists && how != "replaces")
            violate("somebody " + how + " a pid file that nobody has locked", name_of(process));
    }

    auto is_pid_file(const Process& process) const -> bool {
        struct stat open {
        }, named{};
        const std::string fd = "/proc/" + std::to_string(process.pid) + "/fd/" +
                               std::to_string(static_cast<int>(process.argument[0]));
        return ::stat(fd.c_str(), &open) == 0 && ::lstat(pid_file_.c_str(), &named) == 0 &&
               open.st_ino == named.st_ino && open.st_dev == named.st_dev;
    }

    static auto pid_of_descriptor(const Process& process) -> pid_t {
        const std::string path = "/proc/" + std::to_string(process.pid) + "/fdinfo/" +
                                 std::to_string(static_cast<int>(process.argument[0]));
        char text[512]{};
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return 0;
        const bool has_text = ::read(fd, text, sizeof text - 1) > 0;
        ::close(fd);
        const char* const at = has_text ? std::strstr(text, "Pid:") : nullptr;
        return at == nullptr ? 0 : static_cast<pid_t>(std::atoi(at + 4));
    }

public:
    static auto is_start(const Actor& actor) -> bool {
        return actor.verb != "stop" && actor.verb != "status" && actor.verb != "stranger" &&
               actor.verb != "ask-upgrade";
    }

    /// Whose number is in the pid file: its own, or its monitor's.
    auto owner_of(const Process& process) const -> pid_t {
        const Actor& actor = world_.actors[static_cast<std::size_t>(process.actor)];
        return actor.verb == "monitored" ? parent_of(process.pid) : process.pid;
    }

    auto name_of(const Process& process) const -> std::string {
        const Actor& actor = world_.actors[static_cast<std::size_t>(process.actor)];
        const std::string role = actor.first == process.index
                                     ? (is_start(actor) ? "launcher" : actor.verb)
                                 : process.is_worker                        ? "worker"
                                 : process.has_body || process.wrote_number ? "daemon"
                                                                            : "child";
        return std::to_string(process.index) + " (" + role + " of '" + actor.verb + "')";
    }

private:
    World& world_;
    const std::string& pid_file_;
    std::vector<Violation>& violations_;
};

} // namespace schedule

#endif
