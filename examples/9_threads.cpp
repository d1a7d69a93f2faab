// SPDX-License-Identifier: BSL-1.0
// Threads and a thread pool. They are made in the body: a fork takes only the thread that calls it,
// so a start with other threads is refused. The signals are collected, hence blocked in the threads
// that the body makes, and `wait()` returns in the thread that called it.
//
//     $ ./example_9_threads PIDFILE LOG
#include <daemonizer/daemonizer.hpp>

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace {

/// Runs tasks in threads of its own, and the rest of them before it ends.
class Pool {
public:
    explicit Pool(unsigned threads) {
        for (unsigned i = 0; i != threads; ++i)
            threads_.emplace_back([this] { work(); });
    }
    Pool(const Pool&) = delete;
    auto operator=(const Pool&) -> Pool& = delete;
    ~Pool() {
        {
            const std::lock_guard lock{mutex_};
            ends_ = true;
        }
        news_.notify_all();
        for (std::thread& thread : threads_)
            thread.join();
    }
    void add(std::function<void()> task) {
        {
            const std::lock_guard lock{mutex_};
            tasks_.push_back(std::move(task));
        }
        news_.notify_one();
    }

private:
    void work() {
        for (;;) {
            std::unique_lock lock{mutex_};
            news_.wait(lock, [this] { return ends_ || !tasks_.empty(); });
            if (tasks_.empty())
                return;
            const auto task = std::move(tasks_.front());
            tasks_.pop_front();
            lock.unlock();
            task();
        }
    }

    std::mutex mutex_;
    std::condition_variable news_;
    std::deque<std::function<void()>> tasks_;
    bool ends_ = false;
    std::vector<std::thread> threads_;
};

} // namespace

int main(int argc, char** argv) {
    using namespace daemonizer;
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s PIDFILE LOG\n", argv[0]);
        return 2;
    }
    const Daemonizer service{PidFile{argv[1]}, LogStdio{argv[2]}, SignalFd<SIGTERM, SIGUSR1>{}};
    return service.run([](auto& daemon) {
        Pool pool{4}; // its destructor joins, while the pid file is still there
        daemon.ready();
        for (int job = 1; daemon.wait() != SIGTERM; ++job)
            pool.add([job] {
                std::printf("job %d\n", job);
                std::fflush(stdout);
            });
        return 0;
    });
}
