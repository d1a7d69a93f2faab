// SPDX-License-Identifier: BSL-1.0
// Where a service's files are, for root and for others, with and without an instance.
#include "catch.hpp"

#include <daemonizer/service/service_paths.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

using namespace daemonizer;

namespace {

auto text(const ServicePath& path) -> std::string { return path.c_str(); }

/// A variable of the environment, or none, for as long as this lives.
class Variable {
public:
    Variable(const char* name, const char* value) : name_{name} {
        if (const char* const old = std::getenv(name); old != nullptr)
            old_ = old, had_ = true;
        set(value);
    }
    ~Variable() { set(had_ ? old_.c_str() : nullptr); }
    Variable(const Variable&) = delete;
    auto operator=(const Variable&) -> Variable& = delete;

private:
    void set(const char* value) {
        value == nullptr ? ::unsetenv(name_) : ::setenv(name_, value, 1);
    }
    const char* name_;
    std::string old_;
    bool had_ = false;
};

/// The process is no longer root's for as long as this lives.
class NoLongerRoot {
public:
    NoLongerRoot() {
        if (was_root_)
            REQUIRE(::seteuid(65534) == 0);
    }
    ~NoLongerRoot() {
        if (was_root_ && ::seteuid(0) != 0)
            std::abort();
    }
    NoLongerRoot(const NoLongerRoot&) = delete;
    auto operator=(const NoLongerRoot&) -> NoLongerRoot& = delete;

private:
    const bool was_root_ = ::geteuid() == 0;
};

constexpr ServiceDirectory a_users{nullptr, "DAEMONIZER_TEST_HOME", "/.local/state"};

} // namespace

TEST_CASE("paths: in the directory that is given") {
    CHECK(text(pid_file_path({"x"}, "/d")) == "/d/x.pid");
    CHECK(text(pid_file_path({"x", "one"}, "/d")) == "/d/x@one.pid");
    CHECK(text(pid_file_path({"x", ""}, "/d")) == "/d/x.pid");
    CHECK(text(log_path({"x", "one"}, "d")) == "d/x@one.log");
    CHECK(text(configuration_path({"x"}, "/d")) == "/d/x.conf");
    CHECK(text(state_path({"x", "one"}, "/d")) == "/d/x@one");
    CHECK(text(pid_file_path({"x"}, "")) == "");
}

TEST_CASE("paths: an instance does not leave its directory") {
    CHECK(text(pid_file_path({"x", "../y"}, "/d")) == "");
    CHECK(text(log_path({"x/y"}, "/d")) == "");
}

TEST_CASE("paths: one that is too long is not cut to another") {
    const std::string name(5000, 'x');
    CHECK(text(pid_file_path({name.c_str()}, "/d")).size() == PATH_MAX);
}

TEST_CASE("paths: of root and of users") {
    const Variable runtime{"XDG_RUNTIME_DIR", "/r"}, state{"XDG_STATE_HOME", "/s"},
        configuration{"XDG_CONFIG_HOME", "/c"};
    const bool is_root = ::geteuid() == 0;
    CHECK(text(pid_file_path({"x"})) == (is_root ? "/run/x.pid" : "/r/x.pid"));
    CHECK(text(log_path({"x"})) == (is_root ? "/var/log/x.log" : "/s/x.log"));
    CHECK(text(state_path({"x"})) == (is_root ? "/var/lib/x" : "/s/x"));
    CHECK(text(configuration_path({"x"})) == (is_root ? "/etc/x.conf" : "/c/x.conf"));
}

TEST_CASE("paths: a variable that is no absolute path counts as not set, and never for pid files") {
    const NoLongerRoot user;
    std::string home = std::filesystem::temp_directory_path() / "paths-XXXXXX";
    REQUIRE(::mkdtemp(home.data()) != nullptr);
    const Variable at_home{"HOME", home.c_str()};
    for (const char* const bad : {static_cast<const char*>(nullptr), "", "relative"}) {
        const Variable state{a_users.variable, bad};
        CHECK(text(a_users.path({"x"}, "", nullptr)) == home + "/.local/state/x");
        CHECK(std::filesystem::is_directory(home + "/.local/state"));
        std::filesystem::remove_all(home + "/.local");
    }
    const Variable runtime{"XDG_RUNTIME_DIR", ""};
    CHECK(text(pid_file_path({"x"})) == "");
    const Variable nowhere{"HOME", nullptr};
    CHECK(text(a_users.path({"x"}, "", nullptr)) == "");
    std::filesystem::remove_all(home);
}
