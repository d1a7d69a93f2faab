// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "recording_host.hpp"

using daemonizer::detail::close_all_but, daemonizer::detail::SparedDescriptors;
using recording::listing, recording::Record, recording::RecordingHost;
using Calls = std::vector<std::string>;
using Gaps = std::vector<std::pair<unsigned, unsigned>>;

namespace {

constexpr unsigned end = ~0U;

template <unsigned Capacity = 8>
auto sparing(std::initializer_list<int> fds) {
    SparedDescriptors<Capacity> spared;
    for (const int fd : fds)
        spared.add(fd);
    return spared;
}

auto gaps(const auto& spared) -> Gaps {
    Gaps found;
    CHECK(spared.each_gap([&](unsigned first, unsigned last) {
        found.emplace_back(first, last);
        return 0;
    }) == 0);
    return found;
}

} // namespace

TEST_CASE("what lies between the spared descriptors") {
    CHECK(gaps(sparing({})) == Gaps{{3, end}});
    CHECK(gaps(sparing({3})) == Gaps{{4, end}});
    CHECK(gaps(sparing({5})) == Gaps{{3, 4}, {6, end}});
    CHECK(gaps(sparing({5, 6})) == Gaps{{3, 4}, {7, end}});
    CHECK(gaps(sparing({9, 4, 6})) == Gaps{{3, 3}, {5, 5}, {7, 8}, {10, end}});
    CHECK(gaps(sparing({6, 6, 4, 6, 4})) == Gaps{{3, 3}, {5, 5}, {7, end}}); // once each
    CHECK(gaps(sparing({-1, 0, 2, AT_FDCWD})) == Gaps{{3, end}});            // 0-2 are not ours
    CHECK(gaps(sparing({2147483647})) == Gaps{{3, 2147483646}, {2147483648U, end}});
    CHECK(gaps(sparing<2>({3, 4, 5})) == Gaps{{5, end}}); // what does not fit is not remembered
}

TEST_CASE("gaps end with the first error") {
    int calls = 0;
    CHECK(sparing({5}).each_gap([&](unsigned, unsigned) {
        ++calls;
        return -ENOSYS;
    }) == -ENOSYS);
    CHECK(calls == 1);
}

TEST_CASE("which descriptors are spared") {
    const auto spared = sparing({7, 4, 2});
    CHECK(spared.has(4));
    CHECK(spared.has(7));
    CHECK_FALSE(spared.has(2));
    CHECK_FALSE(spared.has(5));
}

TEST_CASE("with close_range") {
    Record record;
    CHECK(close_all_but(RecordingHost{&record}, sparing({5})) == 0);
    CHECK(record.calls == Calls{"close_range 3 4", "close_range 6 end"});
}

TEST_CASE("without close_range what /proc/self/fd lists is closed") {
    const int error = GENERATE(ENOSYS, EPERM);
    Record record;
    record.fail("close_range", 1, error);
    for (const int fd : {3, 5, 12, 1023})
        record.open[fd] = 1;
    // 4 is the listing's own descriptor.
    record.listed = listing({".", "..", "0", "1", "2", "3", "4", "5", "12", "1023"});
    CHECK(close_all_but(RecordingHost{&record}, sparing({5})) == 0);
    CHECK(record.calls == Calls{"close_range 3 4", "open /proc/self/fd", "list 4", "close 3",
                                "close 12", "close 1023", "list 4", "close 4"});
    CHECK(record.descriptors_above_stdio() == std::vector{5});
    CHECK(record.mistakes.empty());
}

namespace {

/// Neither close_range nor /proc; notes the descriptors that are closed.
struct Bare : RecordingHost {
    std::vector<int>* closed;

    auto close_range(unsigned, unsigned) const -> int { return -ENOSYS; }
    auto open(int, const char*, int, mode_t = 0) const -> int { return -ENOENT; }
    auto close(int fd) const -> int {
        closed->push_back(fd);
        return -EBADF;
    }
};

} // namespace

TEST_CASE("without /proc the descriptors are closed one by one") {
    Record record;
    std::vector<int> closed;
    record.descriptors = 8;
    CHECK(close_all_but(Bare{{&record}, &closed}, sparing({5})) == 0);
    CHECK(closed == std::vector{3, 4, 6, 7});
}

TEST_CASE("an endless limit is not counted to") {
    Record record;
    std::vector<int> closed;
    record.descriptors = RLIM_INFINITY;
    CHECK(close_all_but(Bare{{&record}, &closed}, sparing({})) == 0);
    CHECK(closed.back() == (1 << 20) - 1);
}

TEST_CASE("where nothing can be closed, that is an error") {
    Record record;
    std::vector<int> closed;
    record.fail("descriptor_limit", 1, EFAULT);
    CHECK(close_all_but(Bare{{&record}, &closed}, sparing({})) == -EFAULT);
    CHECK(closed.empty());
}
