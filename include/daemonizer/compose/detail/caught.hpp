// SPDX-License-Identifier: BSL-1.0
// What has been thrown, as a failure's text.
#ifndef DAEMONIZER_COMPOSE_DETAIL_CAUGHT_HPP
#define DAEMONIZER_COMPOSE_DETAIL_CAUGHT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>

#if defined(__cpp_exceptions)
#include <exception>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// To be called in `catch (...)`: describes the exception as the reason of `what`. False where it
/// is none of C++: pthread_exit(3) and a cancelled thread unwind the stack, too, and glibc aborts
/// a program that does not throw on what it has caught of these.
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
