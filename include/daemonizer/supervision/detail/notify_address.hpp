// SPDX-License-Identifier: BSL-1.0
// Reads the address in $NOTIFY_SOCKET.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_ADDRESS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_ADDRESS_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// struct sockaddr_vm of vsock(7), whose header is the kernel's and not libc's.
struct VsockAddress {
    unsigned short processes;
    unsigned short reserved = 0;
    unsigned port;
    unsigned cid;
    unsigned char rest[4]{};
};
static_assert(sizeof(VsockAddress) == 16);

/// Names the place where a supervisor listens: sd_notify(3) has a path, "@" and an abstract name,
/// or "vsock:CID:PORT"; finit names a descriptor by its number.
struct NotifyAddress {
    enum class kind : unsigned char { none, local, vsock, descriptor };

    kind is = kind::none;
    int type = SOCK_DGRAM; ///< for a vsock 0 if the name does not say it
    int descriptor = -1;
    unsigned cid = 0, port = 0;
    socklen_t size = 0; ///< of `local`: an abstract name has neither a NUL nor padding
    sockaddr_un local{};

    /// Reads `text`; null and "" name nobody. Returns 0 or a negative errno: -E2BIG for a name that
    /// is too long for a socket, -EINVAL for a text of no known form.
    auto parse(const char* text) -> int {
        if (text == nullptr || *text == '\0')
            return 0;
        if (*text == '/' || *text == '@')
            return parse_local(text);
        if (std::strncmp(text, "vsock", 5) == 0)
            return parse_vsock(text + 5);
        unsigned number = 0;
        if (!parse_number(text, number) || *text != '\0' || number > INT_MAX)
            return -EINVAL;
        is = kind::descriptor;
        descriptor = static_cast<int>(number);
        return 0;
    }

private:
    auto parse_local(const char* text) -> int {
        const std::size_t length = std::strlen(text);
        // A path needs its terminator, an abstract name has none.
        if (length + (*text == '/' ? 1 : 0) > sizeof local.sun_path)
            return -E2BIG;
        if (length < 2)
            return -EINVAL;
        local.sun_family = AF_UNIX;
        std::memcpy(local.sun_path, text, length);
        if (*text == '@')
            local.sun_path[0] = '\0';
        size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
        is = kind::local;
        return 0;
    }

    /// Reads what follows "vsock": an optional type, then ":CID:PORT".
    auto parse_vsock(const char* text) -> int {
        struct Type {
            const char* name;
            int type;
        };
        static constexpr Type types[] = {{"-stream", SOCK_STREAM},
                                         {"-dgram", SOCK_DGRAM},
                                         {"-seqpacket", SOCK_SEQPACKET},
                                         {"", 0}};
        for (const Type& candidate : types) {
            const std::size_t length = std::strlen(candidate.name);
            if (std::strncmp(text, candidate.name, length) != 0 || text[length] != ':')
                continue;
            text += length + 1;
            constexpr unsigned anybody = ~0U; // VMADDR_CID_ANY
            if (!parse_number(text, cid) || *text++ != ':' || cid == anybody ||
                !parse_number(text, port) || *text != '\0')
                return -EINVAL;
            type = candidate.type;
            is = kind::vsock;
            return 0;
        }
        return -EINVAL;
    }

    static auto parse_number(const char*& text, unsigned& number) -> bool {
        const char* const first = text;
        unsigned long long value = 0;
        for (; *text >= '0' && *text <= '9' && value <= UINT_MAX; ++text)
            value = value * 10 + static_cast<unsigned>(*text - '0');
        number = static_cast<unsigned>(value);
        return text != first && value <= UINT_MAX;
    }
};

} // namespace daemonizer::detail

#endif
