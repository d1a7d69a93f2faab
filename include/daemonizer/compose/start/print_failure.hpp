// SPDX-License-Identifier: BSL-1.0
// Prints a failure as "PROGRAM: STEP: WHAT: REASON".
#ifndef DAEMONIZER_COMPOSE_START_PRINT_FAILURE_HPP
#define DAEMONIZER_COMPOSE_START_PRINT_FAILURE_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>

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

} // namespace daemonizer::detail

#endif
