// SPDX-License-Identifier: BSL-1.0
// Why a start failed, as a value.
#ifndef DAEMONIZER_COMPOSE_FAILURE_HPP
#define DAEMONIZER_COMPOSE_FAILURE_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <cstddef>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Tells why a start failed: which step, on what, for which reason. A plain value that owns its
/// text.
class Failure {
public:
    [[gnu::visibility("hidden")]] Failure()
        : step_{}, text_{} {} // here, or the program keeps an image of an empty one
    /// The step that failed, as a user reads it: "pid file", "log", "setsid".
    [[gnu::visibility("hidden")]] auto step() const -> const char* { return step_; }
    /// The errno of the call that failed, or 0 where no system call did.
    [[gnu::visibility("hidden")]] auto code() const -> int { return code_; }
    /// "WHAT: REASON", one line without its end.
    [[gnu::visibility("hidden")]] auto text() const -> const char* { return text_; }
    /// The status with which a launcher should leave; never 0.
    [[gnu::visibility("hidden")]] auto exit_status() const -> int {
        return (status_ & 0xff) == 0 ? 1 : status_ & 0xff;
    }

    /// Says which step has failed. The characters are copied, as those of describe() are.
    [[gnu::cold, gnu::visibility("hidden")]] void name_step(const char* name) {
        detail::LineWriter{step_, sizeof step_}.text(name);
    }

    /// The reason is the system's own for `code`.
    [[gnu::cold, gnu::visibility("hidden")]] void describe(const char* what, int code) {
        describe(what, detail::error_text(code), code);
    }

    /// The reason may go on: `describe(path, "already running, pid ", EEXIST).number(pid)`.
    [[gnu::cold, gnu::visibility("hidden")]] auto describe(const char* what, const char* why,
                                                           int code = 0) -> detail::LineWriter {
        code_ = code;
        status_ = 1;
        detail::LineWriter line{text_, sizeof text_};
        line.text(what, room_for_the_reason).text(": ").text(why);
        return line;
    }
    /// The same with the exit status of the launcher.
    [[gnu::visibility("hidden")]] auto describe(const char* what, const char* why, int code,
                                                int status) -> detail::LineWriter {
        const auto line = describe(what, why, code);
        status_ = status;
        return line;
    }

    /// Makes bytes that came from another process safe to read: terminated, and one line.
    [[gnu::visibility("hidden")]] void sanitise() {
        detail::make_printable(step_, sizeof step_);
        detail::make_printable(text_, sizeof text_);
    }

private:
    static constexpr std::size_t room_for_the_reason = 128;

    int code_ = 0;
    int status_ = 0;
    char step_[32];
    char text_[456];
};

} // namespace daemonizer

#endif
