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
#include <elf.h>
#include <fcntl.h>
#include <link.h>
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

/// The hexadecimal number that the linker has given this program, and all copies of it.
auto build_id() -> std::string {
    std::string id;
    const auto look = [](dl_phdr_info* object, std::size_t, void* to) {
        for (int i = 0; i != object->dlpi_phnum; ++i) {
            const auto& segment = object->dlpi_phdr[i];
            if (segment.p_type != PT_NOTE)
                continue;
            const auto* at = reinterpret_cast<const char*>(object->dlpi_addr + segment.p_vaddr);
            for (const char* const end = at + segment.p_memsz; at < end;) {
                const auto& note = *reinterpret_cast<const ElfW(Nhdr)*>(at);
                const char* const text = at + sizeof note + (note.n_namesz + 3) / 4 * 4;
                if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof "GNU")
                    for (unsigned n = 0; n != note.n_descsz; ++n)
                        for (const int half : {text[n] >> 4 & 15, text[n] & 15})
                            *static_cast<std::string*>(to) += "0123456789abcdef"[half];
                at = text + (note.n_descsz + 3) / 4 * 4;
            }
        }
        return 1; // the program is the first
    };
    ::dl_iterate_phdr(look, &id);
    return id;
}

/// The program's own counters, from the first of its processes on.
void share_counters() {
    const auto size = static_cast<std::size_t>(coverage_counters_end - coverage_counters_begin);
    const auto path = COVERAGE_BUILD "/" + build_id() + ".counters";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;         // in a chroot, under Landlock, or where a test makes this call fail
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
