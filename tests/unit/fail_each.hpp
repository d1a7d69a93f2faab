// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_TESTS_FAIL_EACH_HPP
#define DAEMONIZER_TESTS_FAIL_EACH_HPP

#include "catch.hpp"
#include "recording_host.hpp"

#include <cerrno>

/// Calls `start(record)` again and again, each time with the next call failing with EIO, those
/// after the first `from`. `table` names all of them in order (`.call`), and `check(row, record,
/// status)` looks at what has become of each.
template <class Start, class Table, class Check>
void fail_each(Start start, const Table& table, std::size_t from, Check check) {
    auto row = table.begin();
    for (auto n = static_cast<int>(from) + 1;; ++n) {
        recording::Record record;
        record.fail("", n, EIO);
        const int status = start(record);
        if (record.failed.empty())
            break;
        // The many calls of "default 1 to 64" are one row.
        const std::string& failed = record.failed;
        if (failed.rfind("default ", 0) == 0 && failed.find(" to ") != std::string::npos)
            --row;
        REQUIRE(row != table.end());
        INFO(record.failed << " failed");
        CHECK(record.failed.rfind(row->call, 0) == 0);
        CHECK(record.mistakes.empty());
        check(*row, record, status);
        ++row;
    }
    CHECK(row == table.end());
}

#endif
