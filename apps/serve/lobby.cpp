// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/lobby.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "apps/serve/deadline.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Says why in one go, without waiting, and closes.
void turn_away(int socket, std::string_view status) {
    const std::string answer = fmt::format(
        "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: 0\r\nRetry-After: 5\r\n\r\n", status);
    ::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(socket, SHUT_WR);
    // What was sent and is not read would take the answer with it.
    std::array<char, 16384> buffer;
    ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    ::close(socket);
}

constexpr const char *late = "408 Request Timeout", *large = "431 Request Header Fields Too Large",
                     *busy = "503 Service Unavailable";

}  // namespace

Lobby::Lobby(const LobbyLimits& limits, Take take)
    : limits_(limits), take_(std::move(take)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_ < 0) fail("serve: no event for the waiting connections can be made");
    thread_ = std::jthread([this] { work(); });
}

Lobby::~Lobby() {
    end();
    ::close(wake_);
}

void Lobby::end() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        ends_ = true;
    }
    wake();
    thread_.join();
}

void Lobby::wake() const {
    ::eventfd_write(wake_, 1);
}

void Lobby::enter(int socket) {
    {
        const std::lock_guard lock(mutex_);
        if (ends_) return void(::close(socket));
        if (open_ >= limits_.connections) {
            if (waiting_ <= to_drop_) return turn_away(socket, busy);
            ++to_drop_;
        }
        ++open_;
        ++waiting_;
        entered_.push_back({socket, deadline_in(limits_.seconds), ""});
    }
    wake();
}

void Lobby::left() {
    const std::lock_guard lock(mutex_);
    --open_;
}

Lobby::State Lobby::read(Waiting& waiting) const {
    std::array<char, 16384> buffer;
    const ssize_t count = ::recv(waiting.socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? State::waits : State::gone;
    if (count == 0) return State::gone;
    // The end may be in two parts.
    const size_t from = waiting.begun.size() - std::min<size_t>(waiting.begun.size(), 3);
    waiting.begun.append(buffer.data(), size_t(count));
    return waiting.begun.find("\r\n\r\n", from) == std::string::npos ? State::waits : State::complete;
}

void Lobby::work() {
    std::list<Waiting> here;  // in the order of their deadlines
    std::vector<pollfd> polled;
    for (;;) {
        size_t drop = 0;
        {
            const std::lock_guard lock(mutex_);
            here.splice(here.end(), entered_);
            if (ends_) break;
            drop = std::exchange(to_drop_, 0);
        }
        polled.assign(1, {wake_, POLLIN, 0});
        for (const Waiting& one : here) polled.push_back({one.socket, POLLIN, 0});
        int milliseconds = -1;
        if (!here.empty())
            milliseconds = int(std::clamp<int64_t>(
                std::chrono::ceil<std::chrono::milliseconds>(here.front().deadline - Clock::now()).count(), 0,
                60000));
        if (::poll(polled.data(), polled.size(), drop > 0 ? 0 : milliseconds) < 0)
            continue;  // a signal; `drop` only ever matters for connections that are still here
        eventfd_t woken = 0;
        ::eventfd_read(wake_, &woken);
        size_t left_here = 0, closed = 0;
        const Clock::time_point now = Clock::now();
        auto one = here.begin();
        for (size_t i = 1; i < polled.size(); ++i) {
            State state = polled[i].revents != 0 ? read(*one) : State::waits;
            const char* refusal = nullptr;
            if (state == State::waits) {
                if (one->begun.size() > limits_.header_bytes)
                    refusal = large;
                else if (now >= one->deadline)
                    refusal = late;
                else if (drop > 0) {
                    --drop;
                    refusal = busy;
                }
                if (!refusal) {
                    ++one;
                    continue;
                }
            }
            ++left_here;
            if (state == State::complete) {
                take_(one->socket, std::move(one->begun));
            } else {
                ++closed;
                if (refusal)
                    turn_away(one->socket, refusal);
                else
                    ::close(one->socket);
            }
            one = here.erase(one);
        }
        const std::lock_guard lock(mutex_);
        waiting_ -= left_here;
        open_ -= closed;
    }
    for (const Waiting& one : here) ::close(one.socket);
}

}  // namespace unmask
