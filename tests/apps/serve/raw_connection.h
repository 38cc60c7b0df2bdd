// SPDX-License-Identifier: Apache-2.0
// A connection to this machine whose bytes a test chooses one by one.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

namespace unmask {

class RawConnection {
  public:
    explicit RawConnection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(uint16_t(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("no connection");
    }
    RawConnection(const RawConnection&) = delete;
    RawConnection& operator=(const RawConnection&) = delete;
    ~RawConnection() { close(); }

    // False when the other side is gone.
    bool send(std::string_view bytes) {
        return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == ssize_t(bytes.size());
    }
    // What comes within so many milliseconds; also kept.
    std::string receive(int milliseconds) {
        pollfd waiting{socket_, POLLIN, 0};
        std::array<char, 65536> buffer;
        if (::poll(&waiting, 1, milliseconds) != 1) return "";
        const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
        if (count <= 0) return "";
        received_.append(buffer.data(), size_t(count));
        return received_.substr(received_.size() - size_t(count));
    }
    [[nodiscard]] const std::string& received() const { return received_; }
    void close() {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
    }

  private:
    int socket_;
    std::string received_;
};

}  // namespace unmask
