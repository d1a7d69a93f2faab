// SPDX-License-Identifier: BSL-1.0
// What an end of the report makes of what the kernel answers.
#include "catch.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

TEST_CASE("a peer that died with unread messages has closed the report") {
    Record record;
    const int error = GENERATE(ECONNRESET, EIO, EAGAIN);
    record.fail("receive", 1, error);
    detail::Report report;
    pid_t sender = 1;
    const auto news = detail::ReportEnd{4}.receive(RecordingHost{&record}, report, sender);
    CHECK(news == (error == ECONNRESET ? detail::message::closed
                   : error == EAGAIN   ? detail::message::none
                                       : detail::message::unreadable));
}

TEST_CASE("an empty message is no end of the report") {
    Record record;
    record.events = {messages::by(102, {}), messages::closed()};
    detail::Report report;
    pid_t sender = 0;
    CHECK(detail::ReportEnd{4}.receive(RecordingHost{&record}, report, sender) ==
          detail::message::other);
    CHECK(sender == 102);
    CHECK(detail::ReportEnd{4}.receive(RecordingHost{&record}, report, sender) ==
          detail::message::closed);
}

TEST_CASE("a message without a sender is nobody's") {
    struct Silent : RecordingHost {
        auto receive_from(int, void* into, std::size_t, pid_t&) const -> long {
            const auto message = messages::ready().message;
            std::memcpy(into, message.data(), message.size());
            return static_cast<long>(message.size());
        }
    };
    Record record;
    detail::Report report;
    pid_t sender = 102; // of an earlier one
    CHECK(detail::ReportEnd{4}.receive(Silent{{&record}}, report, sender) ==
          detail::message::ready);
    CHECK(sender == 0);
}

TEST_CASE("a failure that arrives is made safe to read") {
    Record record;
    auto report = messages::failed(messages::failure("log", "/l", "taken", EIO, 3));
    const auto at = report.message.find("taken");
    REQUIRE(at != std::string::npos);
    report.message[at] = '\x1b';
    record.events = {report};
    detail::Report heard;
    pid_t sender;
    REQUIRE(detail::ReportEnd{4}.receive(RecordingHost{&record}, heard, sender) ==
            detail::message::failed);
    CHECK(heard.failure.text() == std::string{"/l: ?aken"});
}
