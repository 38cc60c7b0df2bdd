// SPDX-License-Identifier: Apache-2.0
// Connections to unmask serve that hold back their headers, or send what nobody takes.
#include "tests/apps/serve/raw_connection.h"
#include "tests/apps/serve/serve_fixture.h"

namespace unmask {
namespace {

// Those who never end their headers keep nobody else waiting, however many they are.
TEST_F(Serve, SlowHeadersKeepNoOtherRequestWaiting) {
    start({"--clients", "2"});  // 2 + 16 threads, 2 + 256 connections
    for (const size_t many : {40, 300}) {
        std::vector<std::unique_ptr<RawConnection>> slow;
        for (size_t i = 0; i < many; ++i) {
            slow.push_back(std::make_unique<RawConnection>(port_));
            slow.back()->send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
        }
        for (int round = 0; round < 3; ++round) {
            for (const auto& one : slow) one->send("X: y\r\n");
            httplib::Client honest("127.0.0.1", port_);
            honest.set_read_timeout(2);  // less than what a slow one is given
            const auto answer = honest.Get("/healthz");
            ASSERT_TRUE(answer) << many << " slow connections, round " << round;
            EXPECT_EQ(answer->status, 200);
        }
        EXPECT_EQ(post(picture_)->status, 200);
    }
}

TEST_F(Serve, HeadersThatTakeTooLongOrTooMuchAreRefused) {
    start();
    RawConnection slow(port_);
    slow.send("GET /healthz HTTP/1.1\r\n");
    for (int i = 0; i < 100 && slow.send("X: y\r\n"); ++i)
        if (!slow.receive(200).empty()) break;
    EXPECT_EQ(slow.received().rfind("HTTP/1.1 408", 0), 0u) << slow.received();
    RawConnection large(port_);
    large.send("GET /healthz HTTP/1.1\r\n");
    for (int i = 0; i < 17 && large.received().empty(); ++i) {
        large.send("X: " + std::string(4096, 'y') + "\r\n");
        large.receive(i < 15 ? 0 : 500);
    }
    EXPECT_EQ(large.received().rfind("HTTP/1.1 431", 0), 0u) << large.received();
    // A request in single bytes is one too.
    RawConnection bytes(port_);
    for (const char byte : std::string("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        bytes.send({&byte, 1});
    bytes.receive(5000);
    EXPECT_EQ(bytes.received().rfind("HTTP/1.1 200", 0), 0u) << bytes.received();
}

// Paths that take no upload read none.
TEST_F(Serve, BodiesForNobodyAreNotRead) {
    start();
    RawConnection large(port_);
    large.send("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n");
    large.send(std::string((128 << 10) + 1, 'x'));
    large.receive(3000);  // less than what a read may take
    EXPECT_EQ(large.received().rfind("HTTP/1.1 400", 0), 0u) << large.received();
    EXPECT_EQ(client().Get("/healthz")->status, 200);
}

}  // namespace
}  // namespace unmask
