// SPDX-License-Identifier: BSL-1.0
// How this program was started: its path, arguments and environment.
#ifndef DAEMONIZER_SYSTEM_TOOLCHAIN_FIRST_START_HPP
#define DAEMONIZER_SYSTEM_TOOLCHAIN_FIRST_START_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/deleted_mark.hpp>
#include <daemonizer/system/line_writer.hpp>
#include <daemonizer/system/toolchain/handover_variable.hpp>
#include <daemonizer/system/toolchain/insist.hpp>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether this process has started a daemon whose program is to be executed again. That runs
/// main() up to the first such start. So a second one is refused: its daemon would come back as the
/// first, beside the first.
[[gnu::visibility("hidden")]] inline bool has_restartable_daemon = false;

/// Refuses that second start. True where this is the first.
[[gnu::cold, gnu::visibility("hidden")]] inline auto is_first_restartable(const auto& start)
    -> bool {
    return !has_restartable_daemon || start.fail("second daemon of one process",
                                                 "main() run again would start the first", EEXIST);
}

/// Holds what execve(2) needs to start the program again as it was started first, whatever the
/// program has done to its arguments and environment since. It is kept in memory of its own, which
/// stays when a monitor gives the program's memory back. A copy names the same memory.
struct FirstStart {
    char* memory = nullptr;
    std::size_t size = 0;
    const char* path = nullptr;
    char** arguments = nullptr;
    char** environment = nullptr;
    char* handover = nullptr; ///< the digits behind handover_variable
    char* own_number[2]{}; ///< the digits behind each of own_variables, where it names this process

    /// Returns 0, or a negative errno and the file that it is about.
    template <class Host>
    auto read(const Host& host, const char*& file) -> int {
        constexpr const char* arguments_file = "/proc/self/cmdline";
        constexpr const char* environment_file = "/proc/self/environ";
        Extent words, variables;
        file = arguments_file;
        if (const int error = measure(host, file, words); error < 0)
            return error;
        file = environment_file;
        if (const int error = measure(host, file, variables); error < 0)
            return error;
        file = "memory";
        // The program may have written over both: then no zero byte ends the last string.
        constexpr std::size_t end = 1;
        const std::size_t pointers = (words.strings + variables.strings + 6) * sizeof(char*);
        size = pointers + words.bytes + end + variables.bytes + end + PATH_MAX + room_for_numbers;
        memory = static_cast<char*>(host.map_memory(size));
        if (memory == nullptr)
            return -ENOMEM;
        arguments = reinterpret_cast<char**>(memory); // of whole pages
        char* text = memory + pointers;
        file = arguments_file;
        if (const int error = load(host, file, text, words.bytes); error < 0)
            return error;
        environment = list_words(text, words.bytes) + 1;
        text += words.bytes + end;
        file = environment_file;
        if (const int error = load(host, file, text, variables.bytes); error < 0)
            return error;
        char* const rest = text + variables.bytes + end;
        list_variables(host, text, rest - end, rest);
        file = "/proc/self/exe";
        return find_path(host, rest + room_for_numbers);
    }

    template <class Host>
    void release(const Host& host) {
        if (memory != nullptr)
            host.unmap(reinterpret_cast<unsigned long>(memory), size);
        memory = nullptr;
    }

    /// Completes the environment for the process that executes the program: its own number, and the
    /// descriptor of the handover. No libc.
    [[gnu::visibility("hidden")]] void complete(pid_t process, int descriptor) {
        LineWriter{handover, digits}.number(descriptor);
        for (char* const at : own_number)
            if (at != nullptr)
                LineWriter{at, digits}.number(process);
    }

private:
    static constexpr std::size_t digits = 12;
    static constexpr int numbers = 2;
    static constexpr const char* own_variables[numbers] = {"LISTEN_PID=", "WATCHDOG_PID="};
    static constexpr std::size_t room_for_numbers = 3 * (sizeof handover_variable + digits);

    struct Extent {
        std::size_t bytes = 0, strings = 0;
    };

    template <class Host>
    static auto measure(const Host& host, const char* file, Extent& extent) -> int {
        const int fd = host.open(AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return fd;
        char text[1024];
        long got;
        while ((got = host.read(fd, text, sizeof text)) > 0)
            for (long i = 0; i != got; ++i, ++extent.bytes)
                extent.strings += text[i] == '\0' ? 1 : 0;
        host.close(fd);
        return static_cast<int>(got);
    }

    template <class Host>
    static auto load(const Host& host, const char* file, char* to, std::size_t bytes) -> int {
        const int fd = host.open(AT_FDCWD, file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return fd;
        long got = 1;
        for (std::size_t done = 0; done != bytes && got > 0; done += static_cast<std::size_t>(got))
            if ((got = host.read(fd, to + done, bytes - done)) <= 0)
                break;
        host.close(fd);
        return got > 0 || bytes == 0 ? 0 : got < 0 ? static_cast<int>(got) : -EIO;
    }

    /// Returns the place of the null pointer behind the last.
    auto list_words(char* text, std::size_t bytes) const -> char** {
        char** next = arguments;
        for (char* const end = text + bytes; text < end; text += std::strlen(text) + 1)
            *next++ = text;
        return next;
    }

    /// LISTEN_PIDFDID can't be rewritten: a process learns its own only with a call more.
    template <class Host>
    void list_variables(const Host& host, char* text, const char* end, char* made) {
        char** next = environment;
        for (; text < end; text += std::strlen(text) + 1) {
            if (begins(text, handover_variable) || begins(text, "LISTEN_PIDFDID="))
                continue;
            *next++ = text;
            for (int i = 0; i != numbers; ++i) {
                const std::size_t length = std::strlen(own_variables[i]);
                if (!begins(text, own_variables[i]) || own_number[i] != nullptr ||
                    !is_number(text + length, host.pid()))
                    continue;
                std::memcpy(made, text, length);
                own_number[i] = made + length;
                next[-1] = made;
                made += sizeof handover_variable + digits;
            }
        }
        std::memcpy(made, handover_variable, sizeof handover_variable);
        handover = made + sizeof handover_variable - 1;
        *next = made;
    }

    /// The path of the start where that still names the program, relative or not: a new version may
    /// stand there later. Else the file that runs. One below /proc or /dev/fd names a process or a
    /// descriptor: fexecve(3), or a program that executes itself.
    template <class Host>
    auto find_path(const Host& host, char* room) -> int {
        constexpr const char* running = "/proc/self/exe";
        const char* const given = host.executed_path();
        if (given != nullptr && std::strlen(given) < PATH_MAX && !begins(given, "/proc/") &&
            !begins(given, "/dev/fd/") && names_same_file(host, given, running)) {
            std::memcpy(room, given, std::strlen(given) + 1);
        } else {
            const long length = host.read_link(running, room, PATH_MAX - 1);
            if (length < 0)
                return static_cast<int>(length);
            room[length] = '\0';
            // Replaced while the program began: the next start is to find what stands there now.
            detail::take_deleted_mark(room, static_cast<std::size_t>(length),
                                      [&] { return names_same_file(host, room, running); });
        }
        path = room;
        return 0;
    }

    template <class Host>
    static auto names_same_file(const Host& host, const char* a, const char* b) -> bool {
        struct stat files[2]{};
        const char* const names[] = {a, b};
        for (int i = 0; i != 2; ++i) {
            const int fd = host.open(AT_FDCWD, names[i], O_PATH | O_CLOEXEC);
            const int error = fd < 0 ? fd : host.status(fd, files[i]);
            if (fd >= 0)
                host.close(fd);
            if (error < 0)
                return false;
        }
        return files[0].st_dev == files[1].st_dev && files[0].st_ino == files[1].st_ino;
    }

    static auto begins(const char* text, const char* with) -> bool {
        return std::strncmp(text, with, std::strlen(with)) == 0;
    }
    static auto is_number(const char* text, pid_t number) -> bool {
        char own[digits];
        LineWriter{own, sizeof own}.number(number);
        return std::strcmp(text, own) == 0;
    }
};

} // namespace daemonizer::detail

#endif
