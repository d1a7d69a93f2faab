// SPDX-License-Identifier: BSL-1.0
// A message together with who sent it.
#ifndef DAEMONIZER_SYSTEM_ENVELOPE_HPP
#define DAEMONIZER_SYSTEM_ENVELOPE_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Is filled by recvmsg(2) on a socket with SO_PASSCRED: the kernel writes the sender's number, as
/// the receiver's pid namespace has it, and no sender without rights can write another's. There is
/// no room for descriptors: what a sender attaches is dropped. unix(7).
struct Envelope {
    [[gnu::visibility("hidden")]] Envelope(void* into, std::size_t size) : piece{into, size} {
        header.msg_iov = &piece;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
    }
    [[gnu::visibility("hidden")]] Envelope(const Envelope&) = delete;
    auto operator=(const Envelope&) -> Envelope& = delete;

    /// 0 where the sender has no number here.
    [[gnu::visibility("hidden")]] auto sender() const -> pid_t {
        const cmsghdr* const first = CMSG_FIRSTHDR(&header);
        if (first == nullptr || first->cmsg_level != SOL_SOCKET ||
            first->cmsg_type != SCM_CREDENTIALS || first->cmsg_len < CMSG_LEN(sizeof(ucred)))
            return 0;
        ucred who;
        std::memcpy(&who, CMSG_DATA(first), sizeof who);
        return who.pid;
    }

    iovec piece;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    msghdr header{};
};

} // namespace daemonizer::detail

#endif
