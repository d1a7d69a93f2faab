// SPDX-License-Identifier: BSL-1.0
// Describes an exception as a failure.
#ifndef DAEMONIZER_COMPOSE_DETAIL_CAUGHT_HPP
#define DAEMONIZER_COMPOSE_DETAIL_CAUGHT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>

#if defined(__cpp_exceptions)
#include <exception>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Describes the exception, in `catch (...)`, as the reason of `what`. Returns false where no C++
/// exception unwinds the stack, but pthread_exit(3) or a cancelled thread: the caller must throw
/// that on, or glibc aborts the program.
[[gnu::cold, gnu::noinline]] inline auto describe_exception(Failure& failure, const char* what)
    -> bool {
    if (std::current_exception() == nullptr)
        return false;
    try {
        throw;
    } catch (const std::exception& exception) {
        failure.describe(what, exception.what());
    } catch (...) {
        failure.describe(what, "an exception of unknown type");
    }
    return true;
}

} // namespace daemonizer::detail
#endif

#endif
