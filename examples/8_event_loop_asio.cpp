// SPDX-License-Identifier: BSL-1.0
// The event loop of 8_event_loop.cpp with Boost.Asio. The io_context is made in the body: it holds
// descriptors, and belongs to the process that it was made in.
//
//     $ ./example_8_event_loop_asio PIDFILE LOG
#include <daemonizer/daemonizer.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <functional>

int main(int argc, char** argv) {
    using namespace daemonizer;
    namespace asio = boost::asio;
    using namespace std::chrono_literals;
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s PIDFILE LOG\n", argv[0]);
        return 2;
    }
    const Daemonizer service{PidFile{argv[1]}, LogStdio{argv[2]}, SignalFd<SIGTERM, SIGHUP>{}};
    return service.run([](auto& daemon) {
        asio::io_context loop;
        asio::steady_timer timer{loop};
        int ticks = 0;
        std::function<void(boost::system::error_code)> tick = [&](boost::system::error_code error) {
            if (error)
                return;
            ++ticks;
            timer.expires_after(50ms);
            timer.async_wait(tick);
        };

        // The descriptor stays the library's: Asio closes a duplicate.
        asio::posix::stream_descriptor signals{loop, dup(daemon.descriptor())};
        const std::function<void(boost::system::error_code)> take =
            [&](boost::system::error_code error) {
                const int signal = error ? SIGTERM : daemon.wait_for(0s);
                std::printf("%d ticks before signal %d\n", ticks, signal);
                std::fflush(stdout);
                if (signal == SIGTERM)
                    loop.stop();
                else
                    signals.async_wait(asio::posix::stream_descriptor::wait_read, take);
            };
        signals.async_wait(asio::posix::stream_descriptor::wait_read, take);
        tick({});
        daemon.ready();
        loop.run();
        return 0;
    });
}
