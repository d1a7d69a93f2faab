// SPDX-License-Identifier: BSL-1.0
// What of a launcher's memory is given back, and what somebody still needs.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <climits>
#include <cstdio>
#include <dlfcn.h>
#include <string>
#include <sys/auxv.h>
#include <vector>

#if DAEMONIZER_HAS_RAW_CALLS
using namespace daemonizer;

namespace {
constexpr unsigned long megabyte = 1 << 20;
} // namespace

namespace {

/// The sizes of those that are the program's own.
auto sizes(const std::string& lines) -> std::vector<unsigned long> {
    detail::MapReader reader;
    detail::Mapping found{};
    std::vector<unsigned long> sizes;
    for (const char c : lines)
        if (reader.take(c, found))
            sizes.push_back(found.size());
    return sizes;
}
using Sizes = std::vector<unsigned long>;

} // namespace

TEST_CASE("what of a map is the program's own memory") {
    const auto is_own = [](const std::string& line) {
        // The same again, to see that nothing stays from the line before.
        const auto all = sizes(line + "\n\n" + line + '\n');
        CHECK((all.empty() || all.size() == 2));
        return !all.empty();
    };
    CHECK(is_own("7f0000001000-7f0000003000 rw-p 00000000 00:00 0 "));
    CHECK(is_own("7f0000001000-7f0000003000 rw-p 00000000 00:00 0"));
    CHECK(is_own("5569aa000000-5569aa0ff000 rw-p 00000000 00:00 0                [heap]"));
    CHECK(is_own("7f0000001000-7f0000003000 rw-p 00000000 00:00 0    [anon:large]"));
    CHECK(is_own("7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0    [stack]"));
    CHECK(!is_own("7f0000001000-7f0000003000 rw-s 00000000 00:01 1024 /dev/zero (deleted)"));
    CHECK(!is_own("7f0000001000-7f0000003000 r--p 00000000 00:00 0 "));
    CHECK(!is_own("7f0000001000-7f0000003000 rw-p 00004000 fd:00 12 /usr/lib/libc.so.6"));
    CHECK(!is_own("7f0000001000-7f0000003000 rw-p 00004000 fd:00 20 /usr/lib/libc.so.6"));
    CHECK(!is_own("7f0000001000-7f0000003000 ---p 00000000 00:00 0 "));
    CHECK(!is_own("7f0000001000-7f0000003000 rwxp 00000000 00:00 0 "));
    CHECK(!is_own(""));
    CHECK(sizes("7f0000001000-7f0000003000 rw-p 00000000 00:00 0 \n") == Sizes{0x2000});
}

TEST_CASE("what follows an object's file in a map is that object's") {
    const std::string data = "7f0000001000-7f0000002000 rw-p 00003000 fd:00 12 /usr/bin/x\n",
                      relocated = "7f0000001000-7f0000002000 r--p 00003000 fd:00 12 /usr/bin/x\n",
                      shared = "7f0000001000-7f0000002000 r--s 00000000 fd:00 12 /var/cache/x\n",
                      program = "7f0000001000-7f0000002000 rw-p 00000000 00:00 0 \n",
                      code = "7f0000001000-7f0000002000 r-xp 00000000 00:00 0 \n",
                      next = "7f0000002000-7f0000005000 rw-p 00000000 00:00 0 \n",
                      guard = "7f0000005000-7f0000006000 ---p 00000000 00:00 0 \n",
                      last = "7f0000006000-7f000000a000 rw-p 00000000 00:00 0 \n",
                      apart = "7f0000007000-7f000000a000 rw-p 00000000 00:00 0 \n";
    CHECK(sizes(data + next) == Sizes{});
    CHECK(sizes(relocated + next) == Sizes{});
    CHECK(sizes(code + next) == Sizes{}); // of a program that has unpacked itself
    CHECK(sizes(shared + next) == Sizes{0x3000});
    CHECK(sizes(program + next) == Sizes{0x1000, 0x3000});
    CHECK(sizes(data + next + guard + last) == Sizes{});
    CHECK(sizes(program + next + guard + last) == Sizes{0x1000, 0x3000, 0x4000});
    CHECK(sizes(data + next + guard + apart) == Sizes{0x3000});
}

namespace {

char of_this_program[16];

/// Has one file, with this text, and notes what is given back.
struct Host {
    std::string text;
    long peak = 1 << 20;     ///< kilobytes
    int error = 0;           ///< of open
    std::size_t most = 4096; ///< bytes of a read

    struct Notes {
        std::size_t at = 0;
        int open = 0;
        std::vector<detail::Mapping> unmapped;
    };
    Notes* notes;

    auto open(int, const char* path, int flags) const -> int {
        CHECK(path == std::string{"/proc/self/maps"});
        CHECK(flags == (O_RDONLY | O_CLOEXEC));
        notes->open += error == 0 ? 1 : 0;
        return error == 0 ? 7 : -error;
    }
    void close(int) const { --notes->open; }
    auto read(int, char* into, std::size_t size) const -> long {
        const std::size_t part = std::min({size, most, text.size() - notes->at});
        text.copy(into, part, notes->at);
        notes->at += part;
        return static_cast<long>(part);
    }
    auto peak_memory() const -> long { return peak; }
    auto unmap(unsigned long from, unsigned long size) const -> int {
        notes->unmapped.push_back({from, from + size});
        return 0;
    }
};

auto line(unsigned long from, unsigned long to) -> std::string {
    char text[200];
    std::snprintf(text, sizeof text, "%lx-%lx rw-p 00000000 00:00 0 \n", from, to);
    return text;
}

} // namespace

TEST_CASE("what a loaded object reaches into is not the program's own") {
    const auto left = [](unsigned long from, unsigned long to) {
        Host::Notes notes;
        detail::PrivateMappings mappings;
        REQUIRE(mappings.read(Host{.text = line(from, to), .notes = &notes}, megabyte));
        REQUIRE(mappings.end() - mappings.begin() == (to - from < megabyte ? 0 : 1));
        mappings.leave_out_what_is_linked();
        unsigned long size = 0;
        for (const auto& mapping : mappings) {
            CHECK(!mapping.has(of_this_program));
            size += mapping.size();
        }
        return size;
    };
    const auto here = reinterpret_cast<unsigned long>(of_this_program) / 4096 * 4096;
    CHECK(left(here, here + 2 * megabyte) < 2 * megabyte);
    CHECK(left(here - 2 * megabyte, here + 4096) < 2 * megabyte);
    CHECK(left(4096, 4096 + 2 * megabyte) == 2 * megabyte);
    CHECK(left(4096, megabyte) == 0); // is not worth it
}

TEST_CASE("parts of a mapping that somebody needs are left out of it") {
    const unsigned long page = ::getauxval(AT_PAGESZ), from = 1000 * page, to = 1100 * page;
    const auto left = [&](const auto& leave_out) {
        Host::Notes notes;
        detail::PrivateMappings mappings;
        REQUIRE(mappings.read(Host{.text = line(from, to), .notes = &notes}, page));
        leave_out(mappings);
        std::string all;
        for (const auto& mapping : mappings)
            if (mapping.size() != 0)
                all += std::to_string(mapping.from / page) + '-' +
                       std::to_string(mapping.to / page) + ' ';
        return all;
    };
    const auto one = [&](unsigned long at, unsigned long size, unsigned long margin = 0) {
        return left([&](auto& mappings) { mappings.leave_out(at, size, margin); });
    };
    CHECK(one(0, 1) == "1000-1100 ");
    CHECK(one(to, page) == "1000-1100 ");
    CHECK(one(from - page, page) == "1000-1100 ");
    CHECK(one(from, 1) == "1001-1100 ");
    CHECK(one(to - 1, 1) == "1000-1099 ");
    CHECK(one(from + 5 * page, 1) == "1000-1005 1006-1100 ");
    CHECK(one(from + 6 * page - 1, 2) == "1000-1005 1007-1100 ");
    CHECK(one(from + 5 * page, 1, page) == "1000-1004 1007-1100 ");
    CHECK(one(from - page, 1000 * page) == "");
    CHECK(left([&](auto& mappings) {
              mappings.leave_out(from + 5 * page, 1);
              mappings.leave_out(from + 50 * page, 1);
              mappings.leave_out(from + 5 * page, 1);
          }) == "1000-1005 1006-1050 1051-1100 ");
    CHECK(left([&](auto& mappings) {
              mappings.leave_out_all_around(reinterpret_cast<void*>(from + 5 * page));
          }) == "");
}

TEST_CASE("a list of mappings is read to its end, as far as there is room, and closed") {
    std::string text;
    for (unsigned long i = 1; i <= 100; ++i)
        text += line(i << 24, (i << 24) + 2 * megabyte);
    Host::Notes notes;
    detail::PrivateMappings mappings;
    SECTION("in pieces") {
        REQUIRE(mappings.read(Host{.text = text, .most = 7, .notes = &notes}, megabyte));
        REQUIRE(mappings.end() - mappings.begin() == 64);
        unsigned long at = 0;
        for (const auto& mapping : mappings)
            CHECK(mapping.from == ++at << 24);
        CHECK(notes.open == 0);
        mappings.leave_out(1UL << 24, 1); // no room for a second piece is no harm
        CHECK(mappings.end() - mappings.begin() == 64);
    }
    SECTION("where there is none") {
        CHECK_FALSE(mappings.read(Host{.text = "", .error = EACCES, .notes = &notes}, megabyte));
        CHECK(notes.open == 0);
        CHECK(mappings.begin() == mappings.end());
    }
}

TEST_CASE("an address is in a mapping from its first byte to the one before its end") {
    const detail::Mapping mapping{4096, 8192};
    CHECK_FALSE(mapping.has(4095UL));
    CHECK(mapping.has(4096UL));
    CHECK(mapping.has(8191UL));
    CHECK_FALSE(mapping.has(8192UL));
    CHECK(mapping.meets({8191, 9000}));
    CHECK_FALSE(mapping.meets({8192, 9000}));
    CHECK_FALSE(mapping.meets({0, 4096}));
    CHECK(mapping.meets({0, 4097}));
}

TEST_CASE("who has unloaded an object, or has another namespace, keeps all: lists are anywhere") {
#if defined(__GLIBC__)
    if (!detail::knows_who_uses_memory()) { // a sanitizer's runtime has to be in each namespace
        WARN("skipped: a launcher keeps its memory here");
        return;
    }
    const auto says = [](auto change) {
        const pid_t child = ::fork();
        if (child == 0) {
            const bool can = change();
            detail::PrivateMappings mappings;
            ::_exit(!can ? 2 : mappings.leave_out_what_is_linked() ? 1 : 0);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        return WEXITSTATUS(status);
    };
    CHECK(says([] { return true; }) == 1);
    CHECK(says([] { return ::dlopen("libutil.so.1", RTLD_NOW) != nullptr; }) == 1);
    CHECK(says([] {
              void* const object = ::dlopen("libutil.so.1", RTLD_NOW);
              return object != nullptr && ::dlclose(object) == 0;
          }) == 0);
    CHECK(says([] { return ::dlmopen(LM_ID_NEWLM, "libutil.so.1", RTLD_NOW) != nullptr; }) == 0);
#endif
}

namespace {

/// What a launcher gives back of these mappings; an address is needed beside what always is.
auto released(const std::string& text, const void* needed = nullptr, int stop_after = -1,
              long peak = 1 << 20, int error = 0) -> std::vector<detail::Mapping> {
    Host::Notes notes;
    const Host host{.text = text, .peak = peak, .error = error, .notes = &notes};
    detail::release_memory(
        host, megabyte, [&] { return stop_after-- == 0; },
        [&](auto& mappings) { mappings.leave_out(needed, 1); });
    CHECK(notes.open == 0);
    return notes.unmapped;
}

auto size_of(const std::vector<detail::Mapping>& all) -> unsigned long {
    unsigned long size = 0;
    for (const auto& mapping : all)
        size += mapping.size();
    return size;
}

/// Two megabytes around an address of this program, which nobody really unmaps here.
auto around(const void* address) -> std::string {
    const unsigned long page = ::getauxval(AT_PAGESZ);
    const unsigned long here = reinterpret_cast<unsigned long>(address) / page * page;
    return line(here - megabyte, here + megabyte);
}

auto has(const std::vector<detail::Mapping>& all, const void* address) -> bool {
    for (const auto& mapping : all)
        if (mapping.has(address))
            return true;
    return false;
}

} // namespace

TEST_CASE("memory is given back in pieces, until the launcher has other work") {
    if (!detail::knows_who_uses_memory()) {
        WARN("skipped: a launcher keeps its memory here");
        return;
    }
    const unsigned long from = 1UL << 30, piece = 64 * megabyte;
    const std::string text = line(from, from + 2 * piece + 4096) + // and one that is not worth it
                             line(from + 3 * piece, from + 3 * piece + 8192) +
                             line(from + 4 * piece, from + 4 * piece + megabyte);
    const auto all = released(text);
    REQUIRE(all.size() == 4);
    CHECK(all[0].from == from);
    CHECK(all[0].to == from + piece);
    CHECK(all[1].from == from + piece);
    CHECK(all[1].to == from + 2 * piece);
    CHECK(all[2].to == from + 2 * piece + 4096);
    CHECK(all[3].size() == megabyte);
    CHECK(released(text, nullptr, 0).empty());
    CHECK(released(text, nullptr, 1).size() == 1);
    CHECK(released(text, nullptr, 3).size() == 3);
    CHECK(released(text, nullptr, -1, (16 << 10) - 1).empty()); // a small program: not worth it
    CHECK(released(text, nullptr, -1, 16 << 10).size() == 4);
    CHECK(released(text, nullptr, -1, 1 << 20, EACCES).empty());
    CHECK(size_of(released(text, reinterpret_cast<void*>(from + piece))) ==
          size_of(all) - ::getauxval(AT_PAGESZ));
}

TEST_CASE("the stack stays, and so do libc's data about the thread and all objects") {
    if (!detail::knows_who_uses_memory())
        return;
    const int on_the_stack = 0;
    CHECK(released(around(&on_the_stack)).empty());
    const auto beside_errno = released(around(&errno));
    CHECK_FALSE(has(beside_errno, &errno));
    CHECK_FALSE(has(beside_errno, reinterpret_cast<const char*>(&errno) - 4096));
    CHECK(size_of(beside_errno) > 0);
    const auto* const self = reinterpret_cast<const char*>(::pthread_self());
    const auto beside_self = released(around(self));
    CHECK_FALSE(has(beside_self, self));
    CHECK_FALSE(has(beside_self, self + 4096));
    CHECK(size_of(beside_self) > 0);
    CHECK_FALSE(has(released(around(of_this_program)), of_this_program));
    CHECK(size_of(released(around(of_this_program))) > 0);
}

namespace {

thread_local char of_this_thread[256 << 10];

/// The name of an object, by the end of its path, as the linker keeps it.
auto name_of(const char* which) -> const char* {
    struct Look {
        std::string end;
        const char* name;
    } look{which, nullptr};
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* data) {
            auto& wanted = *static_cast<Look*>(data);
            if (std::string{object->dlpi_name}.find(wanted.end) != std::string::npos)
                wanted.name = object->dlpi_name;
            return 0;
        },
        &look);
    return look.name;
}

} // namespace

TEST_CASE("a thread's variables stay, and so do the linker's lists about objects") {
    of_this_thread[0] = 't';
    const auto left = [](const void* address) {
        Host::Notes notes;
        detail::PrivateMappings mappings;
        REQUIRE(mappings.read(Host{.text = around(address), .notes = &notes}, megabyte));
        mappings.leave_out_what_is_linked();
        return std::vector<detail::Mapping>(mappings.begin(), mappings.end());
    };
    const char* const middle = of_this_thread + sizeof of_this_thread / 2;
    CHECK_FALSE(has(left(middle), middle));
    CHECK(size_of(left(middle)) > 0);
#if defined(__GLIBC__)
    const char* const early = name_of("libc.so");
    REQUIRE(early != nullptr);
    CHECK_FALSE(has(left(early), early));
    CHECK_FALSE(has(left(early), early + (16 << 10) - 1));
    CHECK(size_of(left(early)) > 0);
    if (!detail::knows_who_uses_memory())
        return;
    const pid_t child = ::fork(); // what is loaded is for this case alone
    if (child == 0) {
        const bool loaded = ::dlopen("libutil.so.1", RTLD_NOW) != nullptr;
        const char* const late = name_of("libutil");
        ::_exit(!loaded || late == nullptr ? 2 : size_of(left(late)) == 0 ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(WEXITSTATUS(status) == 0); // it may be anywhere in the heap, and its lists are beside it
#endif
}

TEST_CASE("a launcher's texts are copied as far as there is room") {
    detail::StringCopies copies;
    const std::string path(PATH_MAX - 1, 'p'), name(NAME_MAX, 'n');
    const char *first = path.c_str(), *second = name.c_str(), *third = "x", *fourth = "y";
    const char* const outside = fourth;
    const auto is_inside = [&](const char* text) {
        const auto* const begin = reinterpret_cast<const char*>(&copies);
        return text >= begin && text < begin + sizeof copies;
    };
    copies.keep(first);
    copies.keep(second);
    copies.keep(third);
    CHECK(first == path);
    CHECK(second == name);
    CHECK(is_inside(first));
    CHECK(is_inside(second));
    CHECK(is_inside(third) == false); // a path and a name have filled it
    copies.keep(fourth);
    CHECK(fourth == outside);
}

TEST_CASE("the hooks of -finstrument-functions do nothing where they only return") {
    const auto does_nothing = [](std::vector<unsigned char> code) {
        code.resize(16);
        return detail::does_nothing(reinterpret_cast<void (*)(void*, void*)>(code.data()));
    };
    CHECK(detail::does_nothing(nullptr));
    CHECK_FALSE(does_nothing({0, 0}));
#if defined(__x86_64__)
    CHECK(does_nothing({0xc3}));
    CHECK(does_nothing({0xf3, 0x0f, 0x1e, 0xfa, 0xc3}));
    CHECK_FALSE(does_nothing({0xf3, 0x0f, 0x1e, 0xfa, 0x90}));
    CHECK_FALSE(does_nothing({0xf2, 0x0f, 0x1e, 0xfa, 0xc3}));
    CHECK_FALSE(does_nothing({0xf3, 0x0e, 0x1e, 0xfa, 0xc3}));
    CHECK_FALSE(does_nothing({0xf3, 0x0f, 0x1f, 0xfa, 0xc3}));
    CHECK_FALSE(does_nothing({0xf3, 0x0f, 0x1e, 0xfb, 0xc3}));
    CHECK_FALSE(does_nothing({0x55, 0x48, 0x89, 0xe5, 0xc3}));
#endif
}
#endif
