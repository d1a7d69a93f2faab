// SPDX-License-Identifier: BSL-1.0
// A library that has made a start leaves no handler behind when it is unloaded.
#include "kernel.hpp"

#include <dlfcn.h>

using namespace launch;

namespace {

/// Calls a function of the library, unloads that, and is sent the signal.
auto outlive(const char* function, int signal) -> int {
    void* const library = ::dlopen(LIBRARY, RTLD_NOW);
    must(library != nullptr, "dlopen");
    const auto start = reinterpret_cast<int (*)()>(::dlsym(library, function));
    must(start != nullptr && start() == 5, function);
    ::dlclose(library);
    if (::dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD) != nullptr)
        return 77;
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::raise(signal);
    return 0;
}

} // namespace

TEST_CASE("a library that is unloaded takes its handlers along", "[unloaded]") {
    Scene scene;
    const auto* const function =
        GENERATE("start_with_flag", "start_with_fd", "start_with_defaults", "start_and_keep");
    const int signal = GENERATE(SIGTERM, SIGUSR1);
    CAPTURE(function, signal);
    const Outcome outcome = scene.run([=] { return outlive(function, signal); });
    CHECK(outcome.status == -signal);
    CHECK(outcome.err == "");
}

TEST_CASE("process 1 that has unloaded the library goes on", "[unloaded]") {
    if (cannot("a pid namespace", [] { must(::unshare(CLONE_NEWPID) == 0, "unshare"); }))
        return;
    Scene scene;
    const auto* const function = GENERATE("start_with_defaults", "start_and_keep");
    const Outcome outcome = scene.run([=] {
        must(::unshare(CLONE_NEWPID) == 0, "unshare");
        const pid_t first = ::fork();
        if (first == 0)
            ::_exit(outlive(function, SIGTERM)); // which the kernel discards
        int status = -1;
        ::waitpid(first, &status, 0);
        return code_of(status) < 0 ? 98 : code_of(status);
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
}
