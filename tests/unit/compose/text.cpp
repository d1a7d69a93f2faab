// SPDX-License-Identifier: BSL-1.0
// The two forms of a policy's text.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <filesystem>
#include <string>
#include <type_traits>

using namespace daemonizer;

TEST_CASE("the text of a template argument is the type") {
    STATIC_REQUIRE(std::is_empty_v<Text<"/run/x.pid">>);
    STATIC_REQUIRE(std::same_as<Text<"/a">, Text<"/a">>);
    STATIC_REQUIRE_FALSE(std::same_as<Text<"/a">, Text<"/b">>);
    STATIC_REQUIRE_FALSE(std::same_as<Text<"/a">, Text<"/ab">>);
    STATIC_REQUIRE_FALSE(Text<"/a">::at_run_time);
    STATIC_REQUIRE(Text<"/a">::is_absolute);
    STATIC_REQUIRE_FALSE(Text<"a/b">::is_absolute);
    CHECK(Text<"/run/x.pid">::characters() == std::string{"/run/x.pid"});
}

TEST_CASE("the empty text is given at run time") {
    STATIC_REQUIRE(Text<"">::at_run_time);
    STATIC_REQUIRE_FALSE(Text<"">::is_absolute); // until it is known
    STATIC_REQUIRE(sizeof(Text<"">) == sizeof(char*));
    STATIC_REQUIRE_FALSE(std::is_default_constructible_v<Text<"">>);
    const std::string path = "/run/x.pid";
    CHECK(Text<"">{path.c_str()}.characters() == path.c_str()); // the same characters
}

TEST_CASE("every policy with a text has both forms under one name") {
    STATIC_REQUIRE(std::same_as<decltype(PidFile{"/x"}), PidFile<>>);
    STATIC_REQUIRE(std::same_as<decltype(PidFile{"/x", 0600}), PidFile<>>);
    STATIC_REQUIRE(std::same_as<decltype(LogStdio{"/x"}), LogStdio<>>);
    STATIC_REQUIRE(std::same_as<decltype(FileStdio{"/x", "/y", "/z"}), FileStdio<>>);
    STATIC_REQUIRE(std::same_as<decltype(WorkingDirectory{"/x"}), WorkingDirectory<>>);
    STATIC_REQUIRE(std::same_as<decltype(Syslog{"x"}), Syslog<>>);

    STATIC_REQUIRE(std::is_empty_v<PidFile<"/x", 0600>>);
    STATIC_REQUIRE(std::is_empty_v<LogStdio<"/x">>);
    STATIC_REQUIRE(std::is_empty_v<FileStdio<"/x", "/x", "/x">>);
    STATIC_REQUIRE(std::is_empty_v<WorkingDirectory<"/x">>);
    STATIC_REQUIRE(std::is_empty_v<Syslog<"x">>);
}

TEST_CASE("the mode of a pid file comes with its path") {
    STATIC_REQUIRE(PidFile<"/x">::mode() == 0644);
    STATIC_REQUIRE(PidFile<"/x", 0600>::mode() == 0600);
    CHECK(PidFile{"/x"}.mode() == 0644);
    CHECK(PidFile{"/x", 0600}.mode() == 0600);
}

TEST_CASE("a named string or path is text, and its characters stay the caller's") {
    const std::string path = "/run/x.pid";
    const std::filesystem::path log = "/var/log/x.log";
    CHECK(PidFile{path}.characters() == path.c_str());
    CHECK(PidFile{path, 0600}.mode() == 0600);
    CHECK(LogStdio{log}.characters() == log.c_str());
    CHECK(WorkingDirectory{path}.characters() == path.c_str());
    CHECK(Syslog{path}.characters() == path.c_str());
    CHECK(FileStdio{path, log, "/x"}.out.characters() == log.c_str());

    const PidFile original{path};
    const PidFile copy{original}; // a policy, not a text
    CHECK(copy.characters() == path.c_str());
}

template <class Daemon, class Text>
constexpr bool says = requires(Daemon& daemon, Text& text) {
    daemon.ready(text);
    daemon.status(text);
    daemon.fail(1, text);
    daemon.log(1, text);
    daemon.notify(text);
    daemon.store(text, 3);
    daemon.unstore(text);
    daemon.socket(text);
};

TEST_CASE("every member of a daemon takes every kind of text, whichever policy brings it") {
    using Told = Daemonizer<SystemdNotify, ListenSockets, StderrLog>::running_type;
    using Upgraded = Daemonizer<SystemdNotify, ListenSockets, StderrLog, SignalFd<SIGUSR2>,
                                Upgrade<SIGUSR2>>::running_type;
    STATIC_REQUIRE(says<Told, const std::string>);
    STATIC_REQUIRE(says<Upgraded, const std::string>);
    STATIC_REQUIRE(says<Upgraded, const std::filesystem::path>);
    STATIC_REQUIRE(says<Upgraded, char*>);
    STATIC_REQUIRE(says<Upgraded, char[8]>);
    char buffer[] = "x";
    char* const pointer = buffer;
    CHECK(detail::characters_of(buffer) == buffer);
    CHECK(detail::characters_of(pointer) == buffer);
}
