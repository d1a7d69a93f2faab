// SPDX-License-Identifier: BSL-1.0
// LISTEN_FDS and the variables beside it, as sd_listen_fds(3) reads them.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <cstdlib>
#include <string>
#include <vector>

using namespace daemonizer::detail;

namespace {

/// What a process with the number 42 and the inode 7 answers.
struct Host {
    std::vector<int>* kept;
    int error = 0;
    bool knows_pidfd = true;

    static auto pid() -> pid_t { return 42; }
    auto close_on_exec(int fd) const -> int {
        kept->push_back(fd);
        return error;
    }
    auto open_process(pid_t) const -> int { return knows_pidfd ? 99 : -ENOSYS; }
    static auto status(int, struct stat& status) -> int {
        status.st_ino = 7;
        return 0;
    }
    static auto close(int) -> int { return 0; }
};

struct Variables {
    Variables(const char* pid, const char* fds, const char* names, const char* id = nullptr) {
        set("LISTEN_PID", pid);
        set("LISTEN_FDS", fds);
        set("LISTEN_FDNAMES", names);
        set("LISTEN_PIDFDID", id);
    }
    static void set(const char* name, const char* value) {
        if (value != nullptr)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    }
};

struct Taken {
    int answer, count;
    std::vector<std::string> names;
    std::string wrong;
};

auto take(Host host = {}) -> Taken {
    std::vector<int> kept;
    host.kept = &kept;
    ListenVariables variables;
    const char* wrong = "";
    const int answer = variables.take(host, wrong);
    for (const char* const name :
         {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"}) {
        INFO(name);
        CHECK(std::getenv(name) == nullptr); // removed in any case
    }
    Taken taken{answer, variables.count, {}, answer < 0 ? wrong : ""};
    const char* name = variables.names;
    for (int i = 0; i != variables.count; ++i, name = ListenVariables::next_name(name))
        taken.names.emplace_back(name);
    if (answer == 0)
        for (int i = 0; i != variables.count; ++i)
            CHECK(kept.at(static_cast<std::size_t>(i)) == 3 + i);
    return taken;
}

} // namespace

TEST_CASE("sockets that are passed to this process are taken, with their names") {
    const Variables given{"42", "3", "web:api:web"};
    const Taken taken = take();
    CHECK(taken.answer == 0);
    CHECK(taken.names == std::vector<std::string>{"web", "api", "web"});
}

TEST_CASE("empty names count, and no names are unknown") {
    const Variables given{"42", "3", "::x"};
    CHECK(take().names == std::vector<std::string>{"", "", "x"});
    const Variables unnamed{"42", "2", nullptr};
    CHECK(take().names == std::vector<std::string>{"unknown", "unknown"});
}

TEST_CASE("what is for another process is nobody's") {
    for (const char* const pid : {"41", "420"}) {
        const Variables given{pid, "2", "a:b"};
        const Taken taken = take();
        CHECK(taken.answer == 0);
        CHECK(taken.count == 0);
    }
    const Variables unset{nullptr, "2", "a:b"};
    CHECK(take().count == 0);
    const Variables no_count{"42", nullptr, nullptr};
    CHECK(take().count == 0);
}

TEST_CASE("the process's inode tells two with one number apart") {
    const Variables other{"42", "1", "a", "8"};
    CHECK(take().count == 0);
    const Variables same{"42", "1", "a", "7"};
    CHECK(take().count == 1);
    const Variables unknown_here{"42", "1", "a", "8"};
    Host host{};
    host.knows_pidfd = false;
    CHECK(take(host).count == 1);
}

TEST_CASE("variables that make no sense are an error") {
    struct Case {
        const char *pid, *fds, *names, *wrong;
    };
    for (const Case& given :
         {Case{"x", "1", "a", "LISTEN_PID"}, Case{"", "1", "a", "LISTEN_PID"},
          Case{"0", "1", "a", "LISTEN_PID"}, Case{"42", "0", "", "LISTEN_FDS"},
          Case{"42", "-1", "a", "LISTEN_FDS"}, Case{"42", "2147483645", "a", "LISTEN_FDS"},
          Case{"42", "1x", "a", "LISTEN_FDS"}, Case{"42", "2", "a", "LISTEN_FDNAMES"},
          Case{"42", "1", "a:b", "LISTEN_FDNAMES"}}) {
        const Variables variables{given.pid, given.fds, given.names};
        const Taken taken = take();
        CHECK(taken.answer == -EINVAL);
        CHECK(taken.count == 0);
        CHECK(taken.wrong == given.wrong);
    }
}

TEST_CASE("a descriptor that is not open is an error") {
    const Variables given{"42", "2", "a:b"};
    Host host{};
    host.error = -EBADF;
    const Taken taken = take(host);
    CHECK(taken.answer == -EBADF);
    CHECK(taken.count == 0);
}

TEST_CASE("$JOURNAL_STREAM names a stream by device and inode") {
    struct stat stream {};
    stream.st_dev = 8;
    stream.st_ino = 4711;
    CHECK(names_stream("8:4711", stream));
    for (const char* const other :
         {"8:4712", "9:4711", "8:", ":4711", "8", "", "8:4711x", "8 4711"})
        CHECK_FALSE(names_stream(other, stream));
    CHECK_FALSE(names_stream(nullptr, stream));
}

TEST_CASE("a time is written as ISO 8601 has it") {
    char text[calendar_time_size];
    CHECK(calendar_time(0, text) == std::string{"1970-01-01T00:00:00Z"});
    CHECK(calendar_time(951'782'400, text) == std::string{"2000-02-29T00:00:00Z"});
    CHECK(calendar_time(1'795'651'199, text) == std::string{"2026-11-25T23:59:59Z"});
    CHECK(calendar_time(4'107'542'400, text) == std::string{"2100-03-01T00:00:00Z"});
    CHECK(calendar_time(-5, text) == std::string{"1970-01-01T00:00:00Z"});
    CHECK(calendar_time(1LL << 60, text) == std::string{"9999-12-31T23:59:59Z"});
}
