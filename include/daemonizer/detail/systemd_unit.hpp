// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_SYSTEMD_UNIT_HPP
#define DAEMONIZER_DETAIL_SYSTEMD_UNIT_HPP

#include <daemonizer/detail/system_text.hpp>
#include <daemonizer/detail/systemd_quote.hpp>
#include <daemonizer/policy.hpp>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <type_traits>
#include <unistd.h>

namespace daemonizer::detail {

/// The path of this program. Returns false, with errno, where there is no /proc.
inline auto find_program(char (&path)[PATH_MAX]) -> bool {
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

inline void print_unit_command(const char* key, const char* program, const char* verb,
                               char* const* options) {
    std::printf("%s=", key);
    print_unit_word(program, unit_word::program);
    std::printf(" %s", verb);
    for (; *options != nullptr; ++options) {
        std::putchar(' ');
        print_unit_word(*options, unit_word::argument);
    }
    std::putchar('\n');
}

/// What systemd shall make for the pid file below the directory of its kind: "x" for /run/x/y.pid.
inline void print_runtime_directory(const char* pid_file) {
    const bool is_system = ::geteuid() == 0;
    for (const char* const runtime :
         {is_system ? "/run" : std::getenv("XDG_RUNTIME_DIR"), is_system ? "/var/run" : nullptr}) {
        const std::size_t length = runtime == nullptr ? 0 : std::strlen(runtime);
        if (length == 0 || std::strncmp(pid_file, runtime, length) != 0 || pid_file[length] != '/')
            continue;
        const char* const below = pid_file + length + 1;
        const char* const file = std::strrchr(below, '/');
        char directory[PATH_MAX];
        if (file == nullptr || static_cast<std::size_t>(file - below) >= sizeof directory)
            continue;
        std::snprintf(directory, sizeof directory, "%.*s", static_cast<int>(file - below), below);
        std::fputs("RuntimeDirectory=", stdout);
        print_unit_word(directory, unit_word::directory);
        std::putchar('\n');
    }
}

/// A unit that starts the very service as a person at a shell does, from the directory he stands in
/// where the pid file's path needs that. `options` are the program's own, up to a null pointer.
template <class Service>
auto print_systemd_unit(const Service& service, const char* pid_file, const char* about,
                        char* const* options) -> int {
    using Signals = std::remove_cvref_t<decltype(service.template option<slots::signals>())>;
    using Fork = std::remove_cvref_t<decltype(service.template option<slots::fork>())>;
    char program[PATH_MAX], here[PATH_MAX] = "", file[2 * PATH_MAX];
    const bool is_relative = *pid_file != '/';
    if (!find_program(program) || (is_relative && ::getcwd(here, sizeof here) == nullptr)) {
        std::fprintf(stderr, "%s: unit: %s: %s\n", program_invocation_short_name,
                     *program == '\0' ? "/proc/self/exe" : ".", error_text(errno));
        return 1;
    }
    if (std::strpbrk(program, "\"'\\\n") != nullptr) {
        std::fprintf(stderr, "%s: unit: a program cannot be named in a unit with such a path: %s\n",
                     program_invocation_short_name, program);
        return 1;
    }
    std::snprintf(file, sizeof file, "%s%s%s", here, is_relative ? "/" : "", pid_file);

    std::puts("[Unit]");
    print_unit_line("Description", about != nullptr ? about : program_invocation_short_name);
    std::puts("\n[Service]");
    std::puts(Fork::detaches ? "Type=forking" : "Type=exec");
    if (Fork::detaches)
        print_unit_line("PIDFile", file);
    if (is_relative)
        print_unit_line("WorkingDirectory", here);
    print_unit_command("ExecStart", program, Fork::detaches ? "start" : "run", options);
    if (Signals::collects(SIGHUP))
        print_unit_command("ExecReload", program, "reload", options);
    print_runtime_directory(file);
    // The daemon ends its children itself; whatever is left after it is killed.
    std::puts("KillMode=mixed\nRestart=on-failure\n\n[Install]");
    std::printf("WantedBy=%s.target\n", ::geteuid() == 0 ? "multi-user" : "default");
    return 0;
}

} // namespace daemonizer::detail

#endif
