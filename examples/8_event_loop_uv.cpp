// SPDX-License-Identifier: BSL-1.0
// The event loop of 8_event_loop.cpp with libuv. The loop is made in the body: it holds
// descriptors, and belongs to the process that it was made in.
//
//     $ ./example_8_event_loop_uv PIDFILE LOG
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <cstdio>
#include <uv.h>

namespace {

template <class Daemon>
struct Service {
    Daemon& daemon;
    int ticks = 0;
    uv_timer_t timer{};
    uv_poll_t signals{};

    // Returns null, or what is wrong.
    auto begin(uv_loop_t* loop) -> const char* {
        uv_timer_init(loop, &timer);
        timer.data = signals.data = this;
        int error = uv_poll_init(loop, &signals, daemon.descriptor());
        if (error == 0)
            error = uv_poll_start(&signals, UV_READABLE, [](uv_poll_t* handle, int, int) {
                static_cast<Service*>(handle->data)->take_signal(handle->loop);
            });
        if (error == 0)
            error = uv_timer_start(
                &timer, [](uv_timer_t* handle) { ++static_cast<Service*>(handle->data)->ticks; },
                50, 50);
        return error == 0 ? nullptr : uv_strerror(error);
    }
    void end(uv_loop_t* loop) {
        uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
        uv_close(reinterpret_cast<uv_handle_t*>(&signals), nullptr);
        uv_run(loop, UV_RUN_DEFAULT); // until both are closed
        uv_loop_close(loop);
    }

private:
    // The descriptor stays the library's: wait_for() takes the signal from it, uv_close() leaves
    // it.
    void take_signal(uv_loop_t* loop) {
        const int signal = daemon.wait_for(std::chrono::seconds{0});
        std::printf("%d ticks before signal %d\n", ticks, signal);
        std::fflush(stdout);
        if (signal == SIGTERM)
            uv_stop(loop);
    }
};

} // namespace

int main(int argc, char** argv) {
    using namespace daemonizer;
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s PIDFILE LOG\n", argv[0]);
        return 2;
    }
    const Daemonizer service{PidFile{argv[1]}, LogStdio{argv[2]}, SignalFd<SIGTERM, SIGHUP>{}};
    return service.run([](auto& daemon) {
        uv_loop_t loop;
        if (const int error = uv_loop_init(&loop); error != 0)
            return daemon.fail(1, uv_strerror(error));
        Service<std::remove_reference_t<decltype(daemon)>> own{daemon};
        if (const char* wrong = own.begin(&loop))
            return daemon.fail(1, wrong);
        daemon.ready();
        uv_run(&loop, UV_RUN_DEFAULT);
        own.end(&loop);
        return 0;
    });
}
