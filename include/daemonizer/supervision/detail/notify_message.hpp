// SPDX-License-Identifier: BSL-1.0
// Writes one datagram to a supervisor, as sd_notify(3) wants it.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_MESSAGE_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_MESSAGE_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

class [[gnu::visibility("hidden")]] NotifyMessage;

/// Holds assignments, one a line. The receiver drops a datagram of 4096 bytes or more as a whole.
/// So a text is cut at 2 kB, and never stands in one datagram with READY=1.
class NotifyMessage {
public:
    /// Begins the next assignment.
    auto key(const char* name) -> NotifyMessage& {
        if (size_ != 0)
            append('\n');
        for (; *name != '\0'; ++name)
            append(*name);
        append('=');
        return *this;
    }

    auto number(unsigned long long value) -> NotifyMessage& {
        char digits[20];
        std::size_t count = 0;
        do
            digits[count++] = static_cast<char>('0' + value % 10);
        while ((value /= 10) != 0);
        while (count != 0)
            append(digits[--count]);
        return *this;
    }

    /// Writes a value. Makes a line end, which would begin another assignment, and every other
    /// control character a space. Cuts a text that is too long between two characters of UTF-8.
    auto text(const char* value) -> NotifyMessage& {
        const std::size_t first = size_;
        for (; *value != '\0' && size_ - first < longest_text && size_ < sizeof text_; ++value)
            append(static_cast<unsigned char>(*value) < 0x20 || *value == 0x7f ? ' ' : *value);
        if (*value != '\0')
            while (size_ > first && is_continuation(*value)) // the cut is inside a character
                value = text_ + --size_;
        return *this;
    }

    auto data() const -> const char* { return text_; }
    auto size() const -> std::size_t { return size_; }

private:
    static constexpr std::size_t longest_text = 2000;

    static auto is_continuation(char c) -> bool {
        return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    }
    void append(char c) {
        if (size_ < sizeof text_)
            text_[size_++] = c;
    }

    char text_[2200];
    std::size_t size_ = 0;
};

} // namespace daemonizer::detail

#endif
