// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_SAY_HPP
#define DAEMONIZER_DETAIL_SAY_HPP

#include <daemonizer/failure.hpp>

#include <cerrno>

namespace daemonizer::detail {

/// "PROGRAM: STEP: WHAT: REASON", in one write, so that lines of several programs don't mix.
template <class Host>
void say(Host host, int fd, const Failure& failure,
         const char* program = program_invocation_short_name) {
    char buffer[640];
    LineWriter line{buffer, sizeof buffer};
    line.text(program).text(": ").text(failure.step()).text(": ");
    line.text(failure.text()).end_of_line();
    host.write(fd, buffer, static_cast<std::size_t>(line.end() - buffer));
}

} // namespace daemonizer::detail

#endif
