// SPDX-License-Identifier: BSL-1.0
// Which mutant of the headers is switched on; included before everything by tests/mutants/run.
#ifndef DAEMONIZER_TESTS_MUTANTS_MUTANT_HPP
#define DAEMONIZER_TESTS_MUTANTS_MUTANT_HPP

#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace daemonizer_mutants {

/// At an address that is known when compiled, and shared: a launcher that has given its memory back
/// still reaches it, and what the processes of a test reach is noted for all of them.
struct Page {
    int chosen;
    unsigned char reached[65532];
};
inline auto page() -> volatile Page* { return reinterpret_cast<volatile Page*>(0x5a5000000000); }

/// MUTANT is the number of the one that is on; MUTANTS_REACHED a file for what is reached.
[[gnu::constructor(101)]] inline void choose() {
    static bool chosen = false;
    if (chosen)
        return;
    chosen = true;
    const char* const file = std::getenv("MUTANTS_REACHED");
    const int fd = file == nullptr ? -1 : ::open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    const bool has_file = fd >= 0 && ::ftruncate(fd, sizeof(Page)) == 0;
    void* const there = const_cast<Page*>(page());
    if (::mmap(there, sizeof(Page), PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_FIXED_NOREPLACE | (has_file ? 0 : MAP_ANONYMOUS),
               has_file ? fd : -1, 0) != there)
        ::_exit(99);
    if (fd >= 0)
        ::close(fd);
    const char* const number = std::getenv("MUTANT");
    page()->chosen = number == nullptr ? 0 : std::atoi(number);
}

[[gnu::always_inline]] constexpr auto is_on(int number) -> bool {
    if (__builtin_is_constant_evaluated())
        return false;
    page()->reached[number] = 1;
    return page()->chosen == number;
}

} // namespace daemonizer_mutants

#define DAEMONIZER_MUTANT(number) ::daemonizer_mutants::is_on(number)

#endif
