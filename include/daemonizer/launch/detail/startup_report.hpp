// SPDX-License-Identifier: BSL-1.0
// The messages between daemon and launcher, and the socket that carries them.
#ifndef DAEMONIZER_LAUNCH_DETAIL_STARTUP_REPORT_HPP
#define DAEMONIZER_LAUNCH_DETAIL_STARTUP_REPORT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>
#include <daemonizer/system/line_writer.hpp>
#include <daemonizer/system/signal_bits.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// What the daemon's side tells the launcher; one whole message of a SOCK_SEQPACKET pair, so that
/// it arrives undivided or not at all. Only `failed` carries more than the head. `forked` is the
/// first act of a daemon whose number the launcher does not know: who sends it, the kernel says.
/// The launcher answers `ready` with one byte: a daemon whose launcher died before it read the
/// report must not believe that it was started.
struct ReportHead {
    enum class kind : std::uint32_t { forked = 0x64616501, ready, failed, status, for_manager };

    kind message;
};

struct Report {
    ReportHead head;
    Failure failure;
};

/// How far the start has come, or what the launcher is to tell its manager. It arrives where the
/// longer Report has room.
struct StatusReport {
    ReportHead head;
    char text[200];

    [[gnu::visibility("hidden")]] static auto is_in(const Report& report) -> bool {
        return report.head.message == ReportHead::kind::status;
    }
    [[gnu::visibility("hidden")]] static auto is_for_manager(const Report& report) -> bool {
        return report.head.message == ReportHead::kind::for_manager;
    }
    /// LineWriter has made a status one line; whoever has not used that sends no more than text.
    [[gnu::visibility("hidden")]] static auto text_in(Report& report) -> const char* {
        char* const text = reinterpret_cast<char*>(&report) + offsetof(StatusReport, text);
        text[sizeof StatusReport::text - 1] = '\0';
        return text;
    }
};
static_assert(sizeof(StatusReport) < sizeof(Report) && sizeof(StatusReport) > sizeof(ReportHead));

/// `other`: what no launcher understands, or a status.
enum class message { forked, ready, failed, other, none, closed, unreadable };

/// One end of the pair. Holds a descriptor, -1 where there is none; the owner closes it.
struct ReportEnd {
    int fd = -1;

    template <class Host>
    [[gnu::visibility("hidden")]] void close(Host host) {
        if (fd >= 0)
            host.close(fd);
        fd = -1;
    }

    // Each returns 0 or a negative errno.
    template <class Host>
    [[gnu::visibility("hidden")]] auto send_forked(Host host) const -> int {
        return send(host, ReportHead{ReportHead::kind::forked});
    }
    template <class Host>
    [[gnu::visibility("hidden")]] auto send_failed(Host host, const Failure& failure) const -> int {
        return send(host, Report{{ReportHead::kind::failed}, failure});
    }
    /// Not said to a launcher that is stopped and has not read the others: none waits for it.
    template <class Host>
    auto send_status(Host host, const char* text) const -> int {
        StatusReport report{{ReportHead::kind::status}, {}};
        LineWriter{report.text, sizeof report.text}.text(text);
        return send_text(host, report);
    }
    /// In the same way. -EMSGSIZE for what is longer than the launcher reads.
    template <class Host>
    auto send_for_manager(Host host, const char* text, std::size_t size) const -> int {
        StatusReport report{{ReportHead::kind::for_manager}, {}};
        if (size >= sizeof report.text)
            return -EMSGSIZE;
        std::memcpy(report.text, text, size);
        return send_text(host, report);
    }
    template <class Host>
    auto send_text(Host host, StatusReport& report) const -> int {
        iovec piece{&report, sizeof report};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        const long sent = host.send_message(fd, message);
        return sent < 0 ? static_cast<int>(sent) : 0;
    }
    /// Says ready and waits until the launcher has taken it. -EINTR where it does not answer, it
    /// may be stopped, and a signal that the daemon collects asks it to end.
    template <class Host>
    auto announce(Host host) const -> int {
        if (const int error = send(host, ReportHead{ReportHead::kind::ready}); error < 0)
            return error;
        constexpr timespec while_silent{0, 200'000'000};
        pollfd answer{fd, POLLIN, 0};
        // Other signals that are handled meanwhile do not end the wait.
        for (int ready = 0; ready == 0 || ready == -EINTR;) {
            ready = host.poll(&answer, 1, &while_silent, nullptr);
            if (ready <= 0 && is_asked_to_end(host))
                return -EINTR;
        }
        long size = -EIO;
        char taken = 0;
        // Any error but a launcher that has gone is looked at again: the answer may be there, and
        // the launcher has left with 0. A filter may refuse recv(2), and hardly read(2).
        for (int attempt = 0; attempt != 3 && size < 0 && size != -ECONNRESET; ++attempt)
            size = attempt == 0 ? host.receive(fd, &taken, sizeof taken, 0)
                                : host.read(fd, &taken, sizeof taken);
        return size < 0 ? static_cast<int>(size) : size == 1 ? 0 : -EPIPE;
    }

    template <class Host>
    [[gnu::visibility("hidden")]] auto acknowledge(Host host) const -> int {
        const char taken = 1;
        const long sent = host.send(fd, &taken, sizeof taken);
        return sent < 0 ? static_cast<int>(sent) : 0;
    }

    /// Takes one message if there is one. Whatever arrives is checked: it may be anything. The
    /// `sender` is the kernel's word.
    template <class Host>
    [[gnu::visibility("hidden")]] auto receive(Host host, Report& report, pid_t& sender) const
        -> message {
        sender = 0;
        const long size = host.receive_from(fd, &report, sizeof report, sender);
        if (size == -EAGAIN)
            return message::none;
        // Nobody sends the end of the report. An empty message has a sender, and may be a worker's.
        if ((size == 0 && sender == 0) || size == -ECONNRESET)
            return message::closed;
        return size < 0 ? message::unreadable : checked(report, static_cast<std::size_t>(size));
    }

    [[gnu::visibility("hidden")]] static auto checked(Report& report, std::size_t size) -> message {
        if (size != sizeof report && size != sizeof report.head)
            return message::other;
        switch (report.head.message) {
        case ReportHead::kind::forked:
            return message::forked;
        case ReportHead::kind::ready:
            return message::ready;
        case ReportHead::kind::failed:
            if (size != sizeof report)
                return message::other;
            report.failure.sanitise();
            return message::failed;
        case ReportHead::kind::status:
        case ReportHead::kind::for_manager:
            break;
        }
        return message::other;
    }

private:
    template <class Host>
    [[gnu::cold]] static auto is_asked_to_end(const Host& host) -> bool {
        sigset_t pending{};
        return host.pending_signals(pending) >= 0 &&
               (detail::bits_of(pending) & detail::signal_bits(SIGTERM, SIGINT, SIGQUIT)) != 0;
    }

    template <class Host, class Message>
    [[gnu::visibility("hidden")]] auto send(Host host, const Message& message) const -> int {
        const long sent = host.send(fd, &message, sizeof message);
        return sent < 0 ? static_cast<int>(sent) : sent == sizeof message ? 0 : -EIO;
    }
};

/// Opens both ends, close-on-exec; the launcher's learns who sends. Returns 0 or a negative errno,
/// and then neither is open.
template <class Host>
auto open_report(Host host, ReportEnd& launcher, ReportEnd& daemon) -> int {
    int ends[2];
    if (const int error = host.socket_pair(ends); error < 0)
        return error;
    launcher.fd = detail::above_stdio(host, ends[0]);
    daemon.fd = detail::above_stdio(host, ends[1]);
    const int error = launcher.fd < 0 ? launcher.fd
                      : daemon.fd < 0 ? daemon.fd
                                      : host.ask_for_senders(launcher.fd);
    if (error < 0) {
        launcher.close(host);
        daemon.close(host);
    }
    return error;
}

} // namespace daemonizer::detail

#endif
