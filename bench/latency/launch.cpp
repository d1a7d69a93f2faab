// SPDX-License-Identifier: BSL-1.0
#include "launch.hpp"

#include "starts.hpp"

#include "../children.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <link.h>
#include <new>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace latency {

namespace {

void remove_files() {
    ::unlink(files.pid.c_str());
    ::unlink(files.log.c_str());
    ::rmdir(files.directory.c_str());
}

void interrupted(int) {
    if (marks->daemon != 0)
        ::kill(marks->daemon, SIGKILL);
    remove_files();
    ::_exit(130);
}

void populate(std::uintptr_t from, std::uintptr_t to, bool writable) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    from &= ~(page - 1);
    ::madvise(reinterpret_cast<void*>(from), to - from,
              writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

/// Of one program or library; libc and what has no name (the program) are those that a start uses.
auto populate_object(dl_phdr_info* object, std::size_t, void*) -> int {
    if (*object->dlpi_name != '\0' && std::strstr(object->dlpi_name, "libc.so") == nullptr)
        return 0;
    std::uintptr_t read_only_end = 0; // of what is writable only while the program is linked
    for (int i = 0; i != object->dlpi_phnum; ++i)
        if (const auto& part = object->dlpi_phdr[i]; part.p_type == PT_GNU_RELRO)
            read_only_end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
    for (int i = 0; i != object->dlpi_phnum; ++i)
        if (const auto& part = object->dlpi_phdr[i]; part.p_type == PT_LOAD) {
            const std::uintptr_t from = object->dlpi_addr + part.p_vaddr, to = from + part.p_memsz;
            const bool writable = (part.p_flags & PF_W) != 0;
            populate(writable ? std::max(from, read_only_end) : from, to, writable);
        }
    return 0;
}

/// A process that was just forked has yet to find its own pages, which no program has to that has
/// run for a while: the launcher has them before it calls. Before Linux 5.14 every way of starting
/// pays for that.
void have_pages() {
    ::dl_iterate_phdr(populate_object, nullptr);
    const auto stack = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    populate(stack - 64 * 1024, stack, true);
}

void launcher(const std::function<void()>& start) {
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    take_up_burden();
    have_pages();
    mark_begin_of_start();
    marks->call = now();
    start();
    ::_exit(0);
}

void take_back() {
    int how = -1;
    if (!end_daemon(marks->daemon, how) || (how != 0 && how != SIGTERM))
        throw Broken{"the daemon did not end as it was told to"};
    marks->daemon = 0;
    if (::access(files.pid.c_str(), F_OK) == 0)
        throw Broken{"the daemon has left its pid file behind"};
}

auto measure(pid_t child, bool has_launcher) -> Times {
    Times times;
    if (has_launcher) {
        int status = 0;
        ::waitpid(child, &status, 0);
        times.gone = static_cast<double>(now());
        if (status != 0)
            throw Broken{"the start failed"};
    }
    if (!comes_true([] { return marks->daemon != 0; }))
        throw Broken{"the daemon was never ready"};
    const auto since_call = [](long long mark) {
        return mark == 0 ? 0 : static_cast<double>(mark - marks->call);
    };
    times.body = since_call(marks->body);
    times.written = since_call(marks->written);
    times.known = since_call(has_launcher ? marks->known : marks->ready);
    if (has_launcher)
        times.gone -= static_cast<double>(marks->call);
    take_back();
    return times;
}

} // namespace

void set_up() {
    void* const shared =
        ::mmap(nullptr, sizeof(Marks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        throw Broken{std::strerror(errno)};
    marks = new (shared) Marks;
    for (const char* const place : {"/run", "/tmp"}) {
        std::string name = std::string{place} + "/daemonizer-bench-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
            continue;
        files = {name, name + "/pid", name + "/log"};
        std::signal(SIGINT, interrupted);
        std::signal(SIGTERM, interrupted);
        return;
    }
    throw Broken{"no directory can be made"};
}

void tear_down() {
    ::unlink(files.log.c_str());
    if (::rmdir(files.directory.c_str()) != 0)
        throw Broken{files.directory + ": " + std::strerror(errno)};
    if (::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD)
        throw Broken{"a process has been left behind"};
}

auto launch(const std::function<void()>& start, bool has_launcher) -> Times {
    new (marks) Marks;
    const pid_t child = ::fork();
    if (child < 0)
        throw Broken{std::strerror(errno)};
    if (child == 0)
        launcher(start);
    try {
        return measure(child, has_launcher);
    } catch (const Broken&) {
        end_everybody();
        ::unlink(files.pid.c_str());
        throw;
    }
}

auto calls_of(const std::function<void()>& start) -> int {
    new (marks) Marks;
    const int calls = count_calls([&] { launcher(start); }).value_or(0);
    if (calls != 0 && ::access(files.pid.c_str(), F_OK) == 0)
        throw Broken{"the daemon has left its pid file behind"};
    return calls;
}

} // namespace latency
