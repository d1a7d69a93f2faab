// SPDX-License-Identifier: BSL-1.0
// Writes a failure: as a line on a descriptor, or to the policy that takes the daemon's lines.
#ifndef DAEMONIZER_COMPOSE_START_PRINT_FAILURE_HPP
#define DAEMONIZER_COMPOSE_START_PRINT_FAILURE_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <cerrno>
#include <cstddef>
#include <syslog.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

class [[gnu::visibility("hidden")]] FailureLine;

/// Formats "PROGRAM: STEP: WHAT: REASON" as a line.
class FailureLine {
public:
    FailureLine(const Failure& failure, const char* program) {
        LineWriter line{text_, sizeof text_};
        line.text(program).text(": ").text(failure.step()).text(": ");
        size_ = static_cast<std::size_t>(line.text(failure.text()).end_of_line().end() - text_);
    }
    auto text() const -> const char* { return text_; }
    auto size() const -> std::size_t { return size_; }

private:
    char text_[640];
    std::size_t size_;
};

/// Prints the failure in one write, so that lines of several programs don't mix.
template <class Host>
[[gnu::visibility("hidden")]] void
print_failure(Host host, int fd, const Failure& failure,
              const char* program = program_invocation_short_name) {
    const FailureLine line{failure, program};
    host.write(fd, line.text(), line.size());
}

template <class Policy, class Core>
concept takes_lines = requires(Core& core, const char* text) {
    Policy::write_line(core.host(), core.template option<Policy>(), core.template state<Policy>(),
                       0, text);
};

/// The first policy, in the order of slots, that takes lines, or void.
template <class Core, class... Policies>
struct find_log_sink {
    using type = void;
};
template <class Core, class First, class... Rest>
struct find_log_sink<Core, First, Rest...> : find_log_sink<Core, Rest...> {};
template <class Core, class First, class... Rest>
    requires takes_lines<First, Core>
struct find_log_sink<Core, First, Rest...> {
    using type = First;
};

/// The same of what a start has at run time, StartData<Policies...>.
template <class Core>
struct log_sink_of;
template <template <class...> class Core, class... Policies>
struct log_sink_of<Core<Policies...>> : find_log_sink<Core<Policies...>, Policies...> {};

/// Writes a failure to the policy that takes the daemon's lines, which adds the program's name.
template <class Sink, class Core, class Host>
[[gnu::visibility("hidden")]] void write_failure(const Host& host, Core& core,
                                                 const Failure& failure) {
    char line[512];
    LineWriter{line, sizeof line}.text(failure.step()).text(": ").text(failure.text());
    Sink::write_line(host, core.template option<Sink>(), core.template state<Sink>(), LOG_ERR,
                     line);
}

} // namespace daemonizer::detail

#endif
