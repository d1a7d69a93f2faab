// SPDX-License-Identifier: BSL-1.0
// A place for starts where memory and processes are scarce: control groups, or as far as they are
// not to be had RLIMIT_NPROC.
#pragma once

#include "peers/process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace soak {

using peers::Descriptor;

// False with errno.
inline bool write_file(const std::string& path, const std::string& text) {
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return file && ::write(file.get(), text.data(), text.size()) >= 0;
}

// How scarce things are for one start.
struct Scarcity {
    long processes = 0; // that there may be, the launcher included; 0: any number
    long bytes = 0;     // of memory for all of them; 0: what the group has
};

// The groups are made by the constructor and are gone with the object. A reader of a large file
// keeps the group of all at its limit: whoever needs a page waits until the kernel has found one.
class Pressure {
public:
    Pressure() {
        find_groups();
        if (has_memory_)
            has_memory_ = begin_reading();
    }
    Pressure(const Pressure&) = delete;
    Pressure& operator=(const Pressure&) = delete;
    ~Pressure() {
        if (readers_ > 0) {
            ::kill(readers_, SIGKILL);
            ::waitpid(readers_, nullptr, 0);
        }
        for (auto made = made_.rbegin(); made != made_.rend(); ++made)
            for (int i = 0; ::rmdir(made->c_str()) != 0 && errno == EBUSY && i != 1000; ++i)
                ::usleep(1000); // who has ended leaves the group a little later
    }

    bool has_memory() const { return has_memory_; }
    bool has_processes() const { return has_processes_ || ::geteuid() != 0; }

    // What is pressed, and by what; and what is not, with the reason.
    std::string in_words() const {
        std::string text =
            has_memory_ ? "memory at the limit of its group" : "memory is not scarce: " + why_;
        if (has_processes_)
            return text + ", a group that has no room for processes";
        if (has_processes())
            return text + ", RLIMIT_NPROC";
        return text + ", room for processes is not scarce: " + why_;
    }

    // For the next start. The groups have nobody in them when this is called.
    void limit(const Scarcity& scarcity) {
        const auto text = [](long most, const std::string& unlimited) {
            return most > 0 ? std::to_string(most) : unlimited;
        };
        if (has_memory_ && scarcity.bytes != now_.bytes)
            write_file(starts_memory_ + memory_file_, text(scarcity.bytes, unlimited_));
        if (has_processes_ && scarcity.processes != now_.processes)
            write_file(starts_processes_ + "/pids.max", text(scarcity.processes, "max"));
        now_ = scarcity;
        if (has_processes_)
            return;
        if (scarcity.processes > 0 && has_processes() && since_count_++ % 16 == 0)
            tasks_ = tasks_of_user(); // others of this user come and go, so this is about it
    }
    // In the process that is about to be the launcher.
    void enter(const Scarcity& scarcity) const {
        if (has_memory_)
            write_file(starts_memory_ + "/cgroup.procs", "0");
        if (has_processes_)
            write_file(starts_processes_ + "/cgroup.procs", "0");
        else if (scarcity.processes > 0 && has_processes()) {
            const auto most = static_cast<rlim_t>(tasks_ + scarcity.processes);
            const rlimit limit{most, most};
            ::setrlimit(RLIMIT_NPROC, &limit);
        }
    }

private:
    static constexpr long all_bytes = 16 << 20;
    static constexpr int file_bytes = 48 << 20;

    bool make(const std::string& group) {
        if (::mkdir(group.c_str(), 0755) != 0) {
            why_ = group + ": " + std::strerror(errno);
            return false;
        }
        made_.push_back(group);
        return true;
    }

    void find_groups() {
        const std::string root = "/sys/fs/cgroup",
                          name = "/daemonizer-soak-" + std::to_string(::getpid());
        std::string memory;
        if (peers::slurp(root + "/cgroup.controllers").find("memory") != std::string::npos) {
            memory_file_ = "/memory.max";
            unlimited_ = "max";
            memory = root + name;
            if (!make(memory))
                return;
            if (!write_file(memory + "/cgroup.subtree_control", "+memory +pids")) {
                why_ = memory + "/cgroup.subtree_control: " + std::strerror(errno);
                return;
            }
            write_file(memory + "/memory.swap.max", "0");
            starts_processes_ = memory + "/starts";
            has_processes_ = true;
        } else { // version 1
            memory_file_ = "/memory.limit_in_bytes";
            unlimited_ = "-1";
            memory = root + "/memory" + name;
            starts_processes_ = root + "/pids" + name;
            has_processes_ = make(starts_processes_);
            if (!make(memory))
                return;
        }
        starts_memory_ = memory + "/starts";
        reader_group_ = memory + "/reader";
        has_memory_ = make(starts_memory_) && make(reader_group_) &&
                      write_file(memory + memory_file_, std::to_string(all_bytes));
    }

    // The kernel may find that the reader is the one to be killed. Then another goes on.
    bool begin_reading() {
        const char* place = std::getenv("TMPDIR");
        std::string path = std::string(place != nullptr ? place : "/tmp") + "/soak.XXXXXX";
        const Descriptor file(::mkostemp(path.data(), O_CLOEXEC));
        if (!file || ::unlink(path.c_str()) != 0 ||
            ::posix_fallocate(file.get(), 0, file_bytes) != 0) {
            why_ = path + ": " + std::strerror(errno);
            return false;
        }
        ::posix_fadvise(file.get(), 0, 0,
                        POSIX_FADV_RANDOM); // single pages, that can be taken back
        readers_ = ::fork();
        while (readers_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            const pid_t reader = ::fork();
            if (reader == 0)
                read_for_ever(file.get());
            ::waitpid(reader, nullptr, 0);
            ::usleep(100000);
        }
        return readers_ > 0;
    }

    [[noreturn]] void read_for_ever(int file) const {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!write_file(reader_group_ + "/cgroup.procs", "0"))
            ::_exit(1);
        ::setpriority(PRIO_PROCESS, 0, 10);
        static char part[64 << 10];
        for (off_t at = 0;; at = (at + static_cast<off_t>(sizeof part)) % file_bytes) {
            if (::pread(file, part, sizeof part, at) < 0)
                ::_exit(1);
            ::usleep(1000);
        }
    }

    static long tasks_of_user() {
        long tasks = 0;
        for (const pid_t pid : peers::numbers_in("/proc")) {
            struct stat who {};
            if (::stat(peers::proc(pid, "").c_str(), &who) == 0 && who.st_uid == ::getuid())
                tasks += std::atol(peers::status_field(pid, "Threads").c_str());
        }
        return tasks;
    }

    std::string memory_file_, unlimited_, starts_memory_, starts_processes_, reader_group_, why_;
    std::vector<std::string> made_;
    bool has_memory_ = false, has_processes_ = false;
    Scarcity now_;
    pid_t readers_ = -1;
    long tasks_ = 0, since_count_ = 0;
};

} // namespace soak
