// SPDX-License-Identifier: BSL-1.0
// What the policies of identity and limits are in a systemd unit.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <fstream>
#include <map>
#include <string>

using namespace daemonizer;

namespace {

struct Unit {
    std::string text;
    void line(const char* key, const char* value) { text += std::string{key} + '=' + value + '\n'; }
    void number(const char* key, long long value) { line(key, std::to_string(value).c_str()); }
};

auto lines_of(const auto& policy) -> std::string {
    Unit unit;
    policy.unit_lines(unit);
    return unit.text;
}

} // namespace

TEST_CASE("the lines of a unit") {
    CHECK(lines_of(RunAs<"clock">{}) == "User=clock\n");
    CHECK(lines_of(RunAs{"clock", "adm"}) == "User=clock\nGroup=adm\n");
    CHECK(lines_of(RunAs{1, 4294967294U}) == "User=1\nGroup=4294967294\n");
    CHECK(lines_of(KeepCapabilities<>{}) == "CapabilityBoundingSet=\nAmbientCapabilities=\n");
    CHECK(lines_of(KeepCapabilities<CAP_SYS_TIME, CAP_NET_RAW>{}) ==
          "CapabilityBoundingSet=CAP_SYS_TIME CAP_NET_RAW\n"
          "AmbientCapabilities=CAP_SYS_TIME CAP_NET_RAW\n");
    CHECK(lines_of(NoNewPrivileges{}) == "NoNewPrivileges=yes\n");
    CHECK(lines_of(NoCoreDumps{}) == "LimitCORE=0\n");
    CHECK(lines_of(Limit<RLIMIT_NOFILE, 1, RLIM_INFINITY>{}) == "LimitNOFILE=1:infinity\n");
    CHECK(lines_of(Nice<-5>{}) == "Nice=-5\n");
    CHECK(lines_of(OomScore<-900>{}) == "OOMScoreAdjust=-900\n");
    CHECK(lines_of(LockMemory{}) == "LimitMEMLOCK=infinity\n");
    CHECK(lines_of(CleanEnvironment<"TZ", "LANG">{}) ==
          "PassEnvironment=TZ\nPassEnvironment=LANG\n");
}

TEST_CASE("a limit has the kernel's name") {
    std::ifstream limits{"/proc/self/limits"}; // a line for each resource, in order
    std::string line;
    REQUIRE(std::getline(limits, line));
    for (int resource = 0; std::getline(limits, line); ++resource) {
        INFO(line);
        const char* const name = detail::describe_resource(resource).name;
        REQUIRE(name != nullptr);
        CHECK(line.rfind(std::string{"Max "} + name + "  ", 0) == 0);
    }
    CHECK(detail::describe_resource(RLIM_NLIMITS).name == nullptr);
}

TEST_CASE("a limit has the key of a unit") {
    const std::map<int, std::string> keys{
        {RLIMIT_AS, "AS"},           {RLIMIT_CORE, "CORE"},
        {RLIMIT_CPU, "CPU"},         {RLIMIT_DATA, "DATA"},
        {RLIMIT_FSIZE, "FSIZE"},     {RLIMIT_LOCKS, "LOCKS"},
        {RLIMIT_MEMLOCK, "MEMLOCK"}, {RLIMIT_MSGQUEUE, "MSGQUEUE"},
        {RLIMIT_NICE, "NICE"},       {RLIMIT_NOFILE, "NOFILE"},
        {RLIMIT_NPROC, "NPROC"},     {RLIMIT_RSS, "RSS"},
        {RLIMIT_RTPRIO, "RTPRIO"},   {RLIMIT_RTTIME, "RTTIME"},
        {RLIMIT_STACK, "STACK"},     {RLIMIT_SIGPENDING, "SIGPENDING"}};
    CHECK(keys.size() == RLIM_NLIMITS);
    for (const auto& [resource, key] : keys)
        CHECK(detail::describe_resource(resource).key == "Limit" + key);
}

TEST_CASE("a text with a name, in both places") {
    const std::string user = "clock", group = "adm";
    CHECK(lines_of(RunAs{user}) == "User=clock\n");
    CHECK(lines_of(RunAs{user, group}) == "User=clock\nGroup=adm\n");
}

TEST_CASE("policies of text that is known take no room") {
    STATIC_REQUIRE(
        sizeof(Daemonizer<RunAs<"a", "b">, Chroot<"/x">, KeepCapabilities<1>, NoNewPrivileges,
                          NoCoreDumps, Limit<RLIMIT_CPU, 1>, Nice<1>, OomScore<1>, LockMemory,
                          CleanEnvironment<"a">, ProcessName<"x">>) == 1);
    STATIC_REQUIRE(std::is_same_v<
                   Daemonizer<Limit<RLIMIT_CPU, 1>, Limit<RLIMIT_AS, 1>, Nice<1>>::implementation,
                   Daemonizer<Nice<1>, Limit<RLIMIT_AS, 1>, Limit<RLIMIT_CPU, 1>>::implementation>);
}
