// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/http_server.h"

#include <poll.h>

#include <algorithm>

namespace unmask {
namespace {

using Clock = ConnectionStream::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds one_read{5}, one_write{10}, all_writes{60};

thread_local ConnectionStream* current = nullptr;

// Whether the socket is ready within `most`, and before `until`.
bool ready(int socket, short events, milliseconds most, Clock::time_point until) {
    for (const Clock::time_point end = std::min(until, Clock::now() + most);;) {
        pollfd polled{socket, events, 0};
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
        const int count = ::poll(&polled, 1, int(std::max<int64_t>(left, 0)));
        if (count >= 0 || errno != EINTR) return count > 0;
    }
}

void address_text(const sockaddr_storage& address, socklen_t size, std::string& ip, int& port) {
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> service{};
    if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(),
                      service.data(), service.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    ip = host.data();
    port = std::atoi(service.data());
}

}  // namespace

ConnectionStream::ConnectionStream(int socket, std::string begun)
    : socket_(socket), begun_(std::move(begun)) {
    allow(Clock::now() + one_read, 128 << 10);
}

void ConnectionStream::allow(Clock::time_point until, int64_t bytes) {
    read_until_ = until;
    bytes_left_ = bytes;
}

bool ConnectionStream::is_readable() const {
    return begun_read_ < begun_.size() || ready(socket_, POLLIN, one_read, read_until_);
}

bool ConnectionStream::is_writable() const {
    return ready(socket_, POLLOUT, one_write,
                 write_until_ == Clock::time_point{} ? Clock::time_point::max() : write_until_);
}

ssize_t ConnectionStream::read(char* data, size_t size) {
    if (bytes_left_ < 0 || Clock::now() > read_until_ || !is_readable()) return -1;
    ssize_t count = 0;
    if (begun_read_ < begun_.size()) {
        count = ssize_t(begun_.copy(data, size, begun_read_));
        begun_read_ += size_t(count);
    } else {
        do count = ::recv(socket_, data, size, 0);
        while (count < 0 && errno == EINTR);
    }
    bytes_left_ -= std::max<ssize_t>(count, 0);
    return bytes_left_ < 0 ? -1 : count;
}

ssize_t ConnectionStream::write(const char* data, size_t size) {
    if (write_until_ == Clock::time_point{}) write_until_ = Clock::now() + all_writes;
    if (Clock::now() > write_until_ || !is_writable()) return -1;
    // Never waits for more room than there is, which could take longer than allowed.
    return ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ConnectionStream::get_remote_ip_and_port(std::string& ip, int& port) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
        address_text(address, size, ip, port);
}

void ConnectionStream::get_local_ip_and_port(std::string& ip, int& port) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
        address_text(address, size, ip, port);
}

HttpServer::HttpServer(size_t threads, const LobbyLimits& limits) : workers_(threads) {
    // What it does with a connection is to show it into the lobby.
    new_task_queue = [] { return new httplib::ThreadPool(1); };
    lobby_ = std::make_unique<Lobby>(limits, [this](int socket, std::string begun) {
        workers_.enqueue([this, socket, begun = std::move(begun)] { work(socket, begun); });
    });
}

HttpServer::~HttpServer() {
    finish();
}

void HttpServer::finish() {
    if (!lobby_) return;
    lobby_->end();
    workers_.shutdown();
    lobby_.reset();
}

ConnectionStream& HttpServer::connection() {
    return *current;
}

bool HttpServer::process_and_close_socket(socket_t socket) {
    lobby_->enter(socket);
    return true;
}

void HttpServer::work(int socket, std::string begun) {
    ConnectionStream stream(socket, std::move(begun));
    current = &stream;
    bool closed = false;
    process_request(stream, true, closed, nullptr);
    current = nullptr;
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
    lobby_->left();
}

}  // namespace unmask
