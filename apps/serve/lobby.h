// SPDX-License-Identifier: Apache-2.0
// Where connections wait until their request's headers are there. One thread reads for all of them, so those
// who send slowly, or nothing, take no place from others.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace unmask {

struct LobbyLimits {
    double seconds = 5;              // from the connection to the end of the headers
    size_t header_bytes = 64 << 10;  // of the request line and the headers
    size_t connections = 256;        // here and with those who answer, until `left`
};

class Lobby {
  public:
    // Takes a socket, which it then owns, and what has been read of it: the headers and perhaps more.
    using Take = std::function<void(int socket, std::string begun)>;
    Lobby(const LobbyLimits& limits, Take take);
    ~Lobby();  // ends it
    Lobby(const Lobby&) = delete;
    Lobby& operator=(const Lobby&) = delete;

    // Owns the socket from here on. With as many connections as there may be, the one that has waited longest
    // makes room; where none waits the new one gets 503.
    void enter(int socket);
    // Closes what waits; nothing is given to `take` from here on.
    void end();
    // A socket that was given to `take` is closed.
    void left();

  private:
    using Clock = std::chrono::steady_clock;
    struct Waiting {
        int socket;
        Clock::time_point deadline;
        std::string begun;
    };
    enum class State : uint8_t { waits, complete, gone };
    State read(Waiting& waiting) const;
    void work();
    void wake() const;

    LobbyLimits limits_;
    Take take_;
    std::mutex mutex_;            // of those below
    std::list<Waiting> entered_;  // since the thread last looked
    size_t open_ = 0, to_drop_ = 0, waiting_ = 0;
    bool ends_ = false;
    int wake_ = -1;  // an event that ends the thread's poll
    std::jthread thread_;
};

}  // namespace unmask
