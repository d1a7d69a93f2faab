// SPDX-License-Identifier: BSL-1.0
// Limits on what the daemon may use.
#ifndef DAEMONIZER_PROCESS_LIMIT_HPP
#define DAEMONIZER_PROCESS_LIMIT_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>
#include <daemonizer/system/missing_right.hpp>

#include <sys/resource.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

struct Resource {
    const char* name; ///< as /proc/PID/limits has it
    const char* key;  ///< of a unit
};

/// The numbers of the resources differ between machines.
constexpr auto describe_resource(int resource) -> Resource {
    // clang-format off
    switch (resource) {
    case RLIMIT_AS: return {"address space", "LimitAS"};
    case RLIMIT_CORE: return {"core file size", "LimitCORE"};
    case RLIMIT_CPU: return {"cpu time", "LimitCPU"};
    case RLIMIT_DATA: return {"data size", "LimitDATA"};
    case RLIMIT_FSIZE: return {"file size", "LimitFSIZE"};
    case RLIMIT_LOCKS: return {"file locks", "LimitLOCKS"};
    case RLIMIT_MEMLOCK: return {"locked memory", "LimitMEMLOCK"};
    case RLIMIT_MSGQUEUE: return {"msgqueue size", "LimitMSGQUEUE"};
    case RLIMIT_NICE: return {"nice priority", "LimitNICE"};
    case RLIMIT_NOFILE: return {"open files", "LimitNOFILE"};
    case RLIMIT_NPROC: return {"processes", "LimitNPROC"};
    case RLIMIT_RSS: return {"resident set", "LimitRSS"};
    case RLIMIT_RTPRIO: return {"realtime priority", "LimitRTPRIO"};
    case RLIMIT_RTTIME: return {"realtime timeout", "LimitRTTIME"};
    case RLIMIT_SIGPENDING: return {"pending signals", "LimitSIGPENDING"};
    case RLIMIT_STACK: return {"stack size", "LimitSTACK"};
    default: return {nullptr, nullptr};
    }
    // clang-format on
}

constexpr auto write_limit(LineWriter line, rlim_t limit, const char* infinity) -> LineWriter {
    return limit == RLIM_INFINITY ? line.text(infinity)
                                  : line.number(static_cast<long long>(limit));
}

/// Sets a limit, or says how far the starter's reaches.
template <class Start>
auto set_limit(const Start& start, int resource, const rlimit& wanted) -> bool {
    const auto& host = start.host();
    const int error = host.set_limit(resource, wanted);
    if (error >= 0)
        return true;
    const char* const what = detail::describe_resource(resource).name;
    rlimit now{};
    if (error != -EPERM || host.limit(resource, now) < 0)
        return start.fail(what, error);
    LineWriter line = start.failure.describe(what, "", EPERM);
    line = detail::write_limit(line, wanted.rlim_max, "unlimited")
               .text(" is above the hard limit of ");
    line = detail::write_limit(line, now.rlim_max, "unlimited").text(", needs CAP_SYS_RESOURCE");
    if (resource == RLIMIT_NOFILE)
        line.text(" and no lower fs.nr_open");
    return false;
}

} // namespace detail

namespace slots {
/// Each resource is a slot. None is in detail::Defaults, where sixteen would cost every composition
/// compile time. They come after the library's, as slots of one's own do.
template <int Resource>
struct limit : own_slot {
    static constexpr const char* name = detail::describe_resource(Resource).name;
};
} // namespace slots

/// Sets the soft and the hard limit of one resource: `Limit<RLIMIT_NOFILE, 1024, 4096>`, each a
/// number in the resource's own unit or RLIM_INFINITY. Without a second number both are the first.
/// Fails as step "limit" with setrlimit(2)'s errno; EPERM where the hard limit would rise, with
/// both numbers.
template <int Resource, rlim_t Soft, rlim_t Hard = Soft>
struct Limit {
    constexpr Limit() = default;
    constexpr explicit Limit(int, auto...) {
        static_assert(given_as_value<Limit>, "daemonizer: Limit takes its numbers as template "
                                             "arguments: Limit<RLIMIT_NOFILE, 4096>");
    }

    template <class>
    static constexpr void check() {
        static_assert(detail::describe_resource(Resource).name != nullptr,
                      "daemonizer: Limit takes a resource such as RLIMIT_NOFILE");
        static_assert(Soft <= Hard, "daemonizer: a soft limit is not above the hard one");
    }
    /// Runs before the drop, which loses the right to raise a limit. The one on descriptors comes
    /// once the inherited ones are closed: without close_range(2) they are looked for up to this
    /// limit.
    struct Set : step<Resource == RLIMIT_NOFILE ? phase::descriptors : phase::session> {
        static constexpr const char* name = "limit";
        static auto run(const auto& start, const auto&) -> bool {
            return detail::set_limit(start, Resource, rlimit{Soft, Hard});
        }
    };
    using slot = slots::limit<Resource>;
    using steps = step_list<Set>;

    void unit_lines(auto& unit) const {
        char text[48];
        detail::LineWriter line = detail::write_limit({text, sizeof text}, Soft, "infinity");
        detail::write_limit(line.text(":"), Hard, "infinity");
        unit.line(detail::describe_resource(Resource).key, text);
    }
};
template <class... Rest>
Limit(int, Rest...) -> Limit<RLIMIT_NOFILE, 0>;
static_assert(Policy<Limit<RLIMIT_NOFILE, 16>>);

/// Leaves no core file, in which secrets would lie: RLIMIT_CORE is 0, and the process cannot be
/// dumped (PR_SET_DUMPABLE), not even through a pipe of core_pattern, which heeds no limit. Nor can
/// another process of the same user trace it or read its memory.
/// Fails as step "core dumps" with the errno of setrlimit(2) or prctl(2).
struct NoCoreDumps {
    template <class Core>
    static constexpr void check() {
        static_assert(std::is_void_v<typename Core::template in<slots::limit<RLIMIT_CORE>>>,
                      "daemonizer: NoCoreDumps is a limit on core files; leave out the other");
    }
    struct SetLimit : step<phase::session> {
        static constexpr const char* name = "core dumps";
        static auto run(const auto& start, const auto&) -> bool {
            return detail::set_limit(start, RLIMIT_CORE, rlimit{0, 0});
        }
    };
    /// Runs after the user has changed: the kernel then sets it to what fs.suid_dumpable says.
    struct Undump : step<phase::identity> {
        static constexpr const char* name = "core dumps";
        static auto run(const auto& start, const auto&) -> bool {
            const auto& host = start.host();
            if (!start.check(host.set_dumpable(false), "PR_SET_DUMPABLE"))
                return false;
            return host.is_dumpable() == 0 ||
                   start.fail("PR_SET_DUMPABLE", "the process still is dumpable");
        }
    };
    using slot = slots::no_core_dumps;
    using steps = step_list<SetLimit, Undump>;

    void unit_lines(auto& unit) const { unit.number("LimitCORE", 0); }
};
static_assert(Policy<NoCoreDumps>);

} // namespace daemonizer

#endif
