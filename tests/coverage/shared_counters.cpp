// SPDX-License-Identifier: BSL-1.0
// Keeps the counters of --coverage in a file that all processes of a program share.
//
// gcov's own runtime writes the counters when a process exits. Most processes of these tests leave
// by _exit, are killed, execute a program, or may no longer open a file. Linked into each program,
// this maps a file over the counters before main, and none of them has to say anything at its end.
// The runtime itself is not linked: a launcher would notice it, and neither give its memory back
// nor hand it over. Hence -fprofile-info-section=coverage_records.
//
// With COVERAGE_WRITE in the environment a program only writes the .gcda files that gcov reads.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include <gcov.h> // it does not say so itself

// Each record names this function, which would link the runtime. Nobody here merges.
void __gcov_merge_add(long*, unsigned) {}

extern char coverage_counters_begin[], coverage_counters_end[];                 // counters.ld
extern const gcov_info* const __start_coverage_records[] __attribute__((weak)); // the linker
extern const gcov_info* const __stop_coverage_records[] __attribute__((weak));
}

namespace {

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "coverage: %s: %s\n", what, std::strerror(errno));
    std::abort();
}

/// The program's own counters, from the first of its processes on.
void share_counters() {
    char program[4096] = "";
    if (::readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        return; // it was executed in a chroot
    if (std::strncmp(program, COVERAGE_BUILD "/", sizeof COVERAGE_BUILD) != 0)
        return; // a copy, beside which a test wants no file
    const auto size = static_cast<std::size_t>(coverage_counters_end - coverage_counters_begin);
    const auto path = std::string{program} + ".counters";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return; // it was executed under Landlock, or this call is one that a test makes fail
    ::fchmod(fd, 0666); // another user may be the next
    if (::ftruncate(fd, static_cast<off_t>(size)) == 0)
        ::mmap(coverage_counters_begin, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
               0);
    ::close(fd);
}

[[noreturn]] void write_counters() {
    std::FILE* file = nullptr;
    const auto open = [](const char* name, void* to) {
        auto& out = *static_cast<std::FILE**>(to);
        out = std::fopen(name, "w");
        if (out == nullptr)
            fail(name);
    };
    const auto write = [](const void* data, unsigned size, void* to) {
        if (std::fwrite(data, 1, size, *static_cast<std::FILE**>(to)) != size)
            fail("fwrite");
    };
    const auto allocate = [](unsigned size, void*) { return std::malloc(size); };
    for (const auto* record = __start_coverage_records; record != __stop_coverage_records;
         ++record) {
        __gcov_info_to_gcda(*record, open, write, allocate, &file);
        if (std::fclose(file) != 0)
            fail("fclose");
    }
    std::_Exit(0);
}

[[gnu::constructor(101)]] void start() {
    share_counters();
    if (std::getenv("COVERAGE_WRITE") != nullptr)
        write_counters();
}

} // namespace
