// SPDX-License-Identifier: BSL-1.0
// Whatever arrives as a report, what the launcher makes of it is one printable line and a status
// that is not 0; or it is refused.
#include <daemonizer/launch/detail/startup_report.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

void expect(bool holds) {
    if (!holds)
        std::abort();
}

void expect_one_line(const char* text, std::size_t room) {
    const std::size_t length = strnlen(text, room);
    expect(length < room);
    expect(std::none_of(text, text + length, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    }));
    for (std::size_t i = 0; i + 1 < length; ++i) // nor CSI and its like, in UTF-8
        expect(static_cast<unsigned char>(text[i]) != 0xc2 ||
               static_cast<unsigned char>(text[i + 1]) - 0x80U >= 0x20U);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace daemonizer::detail;
    if (size < sizeof(ReportHead::kind))
        return 0;
    Report report{};
    // The kind from few values and the size often right, or nearly all would be refused for these.
    const std::uint32_t kind = 0x64616500U + data[0] % 6;
    std::memcpy(static_cast<void*>(&report), data, std::min(size, sizeof report));
    std::memcpy(static_cast<void*>(&report), &kind, sizeof kind);
    const std::size_t told = data[1] % 3 == 0   ? sizeof report
                             : data[1] % 3 == 1 ? sizeof(StatusReport)
                                                : size;
    switch (ReportEnd::checked(report, told)) {
    case message::failed:
        expect(told == sizeof report);
        expect_one_line(report.failure.step(), 32);
        expect_one_line(report.failure.text(), sizeof report.failure);
        expect(report.failure.exit_status() > 0 && report.failure.exit_status() < 256);
        break;
    case message::forked:
    case message::ready:
        expect(told == sizeof report || told == sizeof report.head);
        break;
    case message::other:
        if (StatusReport::is_in(report))
            expect(strnlen(StatusReport::text_in(report), sizeof StatusReport::text) <
                   sizeof StatusReport::text);
        break;
    case message::none:
    case message::closed:
    case message::unreadable:
        std::abort();
    }
    return 0;
}
