// SPDX-License-Identifier: BSL-1.0
// Fills its memory as programs do, and then becomes the daemon that service.cpp is.
//
//     program ENDING PID_FILE [PLUG_IN]
//
// HOOKS: what -finstrument-functions calls, with a large table. ARENA: a malloc that takes all from
// one mapping, as those of others do. THREAD_LOCAL: large variables of the thread's own.
// CLEAR_ENVIRONMENT: as careful daemons do.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>
#include <sys/mman.h>
#include <vector>

extern "C" int serve(const char* ending, const char* pid_file) __attribute__((weak));

#define NOT_INSTRUMENTED __attribute__((no_instrument_function))

/// Behind a page that others could share: what follows an object could be that object's, and the
/// next one that is loaded lies below.
NOT_INSTRUMENTED static auto map(std::size_t size) -> void* {
    constexpr std::size_t page = 64 << 10; // the largest of any machine
    constexpr int read_write = PROT_READ | PROT_WRITE, anonymous = MAP_ANONYMOUS;
    const auto room = static_cast<char*>(
        ::mmap(nullptr, page + size, read_write, anonymous | MAP_PRIVATE, -1, 0));
    ::mmap(room, page, read_write, anonymous | MAP_SHARED | MAP_FIXED, -1, 0);
    return room + page;
}

constexpr std::size_t megabyte = 1 << 20;

#if defined(HOOKS)
static long* calls;
extern "C" {
NOT_INSTRUMENTED void __cyg_profile_func_enter(void* function, void*) {
    if (calls != nullptr)
        ++calls[reinterpret_cast<std::size_t>(function) / 16 % (megabyte * 8)];
}
NOT_INSTRUMENTED void __cyg_profile_func_exit(void* function, void* caller) {
    __cyg_profile_func_enter(function, caller);
}
}
#endif

#if defined(ARENA)
static char* arena;
static std::size_t used;
extern "C" {
void* malloc(std::size_t size) {
    if (arena == nullptr)
        arena = static_cast<char*>(map(512 * megabyte));
    char* const room = arena + used;
    used += (size + 31) / 16 * 16;
    *reinterpret_cast<std::size_t*>(room) = size;
    return room + 16;
}
void free(void*) {}
void* calloc(std::size_t count, std::size_t size) { return malloc(count * size); }
void* realloc(void* before, std::size_t size) {
    void* const room = malloc(size);
    if (before != nullptr) {
        const std::size_t had = *reinterpret_cast<std::size_t*>(static_cast<char*>(before) - 16);
        std::memcpy(room, before, had < size ? had : size);
    }
    return room;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    const auto room = reinterpret_cast<std::size_t>(malloc(size + alignment));
    return reinterpret_cast<void*>((room + alignment) / alignment * alignment);
}
void* memalign(std::size_t alignment, std::size_t size) { return aligned_alloc(alignment, size); }
int posix_memalign(void** room, std::size_t alignment, std::size_t size) {
    *room = aligned_alloc(alignment, size);
    return 0;
}
}
#endif

#if defined(THREAD_LOCAL)
static thread_local char own[4 * megabyte];
#endif

static char table[24 * megabyte]; // behind the program's file: counters are there, too

int main(int argc, char** argv) {
    if (argc < 3)
        return 90;
#if defined(CLEAR_ENVIRONMENT)
    ::clearenv();
#endif
#if defined(HOOKS)
    calls = static_cast<long*>(map(64 * megabyte));
#endif
#if defined(THREAD_LOCAL)
    std::memset(own, argc, sizeof own);
#endif
    std::memset(table, argc, sizeof table);
    std::memset(map(32 * megabyte), argc, 32 * megabyte);
    std::vector<std::string> small;
    for (std::size_t i = 0; i != 32 * 256; ++i)
        small.emplace_back(4000, 'x');
    if (argc == 3)
        return serve(argv[1], argv[2]);
    // With RTLD_GLOBAL the linker's list for the program moves to the heap.
    void* const library = ::dlopen(argv[3], RTLD_LAZY | RTLD_GLOBAL);
    if (library == nullptr) {
        std::fprintf(stderr, "%s\n", ::dlerror());
        return 91;
    }
    const auto start =
        reinterpret_cast<int (*)(const char*, const char*)>(::dlsym(library, "serve"));
    return start(argv[1], argv[2]);
}
