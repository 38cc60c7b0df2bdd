// SPDX-License-Identifier: Apache-2.0
// cpp-httplib's server with total limits on what a connection may take; the library's own are for each read.
#pragma once

#include <httplib.h>

#include <chrono>
#include <string>

#include "apps/serve/lobby.h"

namespace unmask {

// A connection whose headers are there: reads and writes within limits of time and bytes.
class ConnectionStream : public httplib::Stream {
  public:
    using Clock = std::chrono::steady_clock;
    // `begun` has been read already. A request may be of 128 KiB and its body take 5 s until `allow` says
    // otherwise.
    ConnectionStream(int socket, std::string begun);

    // Reads that pass `until`, or take more than so many bytes from now on, fail.
    void allow(Clock::time_point until, int64_t bytes);
    // More came than was allowed.
    [[nodiscard]] bool too_large() const { return bytes_left_ < 0; }

    [[nodiscard]] bool is_readable() const override;
    [[nodiscard]] bool is_writable() const override;
    ssize_t read(char* data, size_t size) override;
    ssize_t write(const char* data, size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] socket_t socket() const override { return socket_; }

  private:
    int socket_;
    std::string begun_;
    size_t begun_read_ = 0;
    Clock::time_point read_until_, write_until_{};  // writing ends a minute after it began
    int64_t bytes_left_;
};

// One request a connection: what a refused one did not read is never taken for the next.
class HttpServer : public httplib::Server {
  public:
    HttpServer(size_t threads, const LobbyLimits& limits);
    ~HttpServer() override;

    // Closes the connections that wait and ends those that are worked on; after listening has ended.
    void finish();
    // The connection whose request this thread works on.
    static ConnectionStream& connection();

  private:
    bool process_and_close_socket(socket_t socket) override;
    void work(int socket, std::string begun);

    httplib::ThreadPool workers_;
    std::unique_ptr<Lobby> lobby_;
};

}  // namespace unmask
