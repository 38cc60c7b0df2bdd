// SPDX-License-Identifier: Apache-2.0
// How unmask serve ends: when it is asked to, whatever it is at, when it is killed, and when nobody can reach
// it.
#include <atomic>

#include "apps/serve/server.h"
#include "tests/apps/serve/raw_connection.h"
#include "tests/apps/serve/serve_fixture.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

TEST_F(Serve, EndsWhenAskedToAndCleansUp) {
    for (const int signal : {SIGINT, SIGTERM}) {
        port_ = 0;
        start();
        RawConnection waiting(port_);  // in the middle of an upload
        waiting.send("POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nxxxx");
        EXPECT_TRUE(is_keeping_an_upload_soon());
        server_->send(signal);
        EXPECT_EQ(server_->wait(), 0) << bytes_of(folder_ / "log");
        EXPECT_TRUE(nothing_is_left());
    }
}

TEST_F(Serve, KilledInTheMiddleOfAnUploadItLeavesNothing) {
    start();
    RawConnection waiting(port_);
    waiting.send("POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nxxxx");
    EXPECT_TRUE(is_keeping_an_upload_soon());
    EXPECT_FALSE(has_left_a_name());
    server_->send(SIGKILL);
    EXPECT_EQ(server_->wait(), 128 + SIGKILL);
    EXPECT_TRUE(nothing_is_left());
}

// What makes taking connections fail in a running server: here its socket is shut down.
void deafen(int port) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const int descriptor = std::atoi(entry.path().filename().c_str());
        int listens = 0;
        socklen_t size = sizeof listens;
        sockaddr_in address{};
        socklen_t address_size = sizeof address;
        if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 1 &&
            ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &address_size) == 0 &&
            ntohs(address.sin_port) == port)
            ::shutdown(descriptor, SHUT_RDWR);
    }
}

TEST_F(Serve, WithoutListeningItDoesNotLiveOn) {
    DetectionEngine engine(model_options(), {});
    int port = 0;
    expect_error(
        [&] {
            serve(
                {.port = 0}, engine, [] { return false; },
                [&](int taken) {
                    port = taken;
                    deafen(taken);
                });
        },
        {"serve: 127.0.0.1", "listening ended"});
    EXPECT_GT(port, 0);
}

// A server in this process, whose engine can be asked whether the stop has come.
TEST_F(Serve, AStopInTheMiddleOfARequestIsToldToItsClient) {
    ::setenv("TMPDIR", (folder_ / "temporary").c_str(), 1);
    DetectionEngine engine(model_options(), {});
    const auto answers = [&] {
        const auto later = std::chrono::steady_clock::now() + std::chrono::hours(1);
        return engine.detect(folder_ / "face.png", "face.png", false, later).has_value();
    };
    std::atomic<bool> stop{false}, ready{false};
    std::jthread server([&] {
        EXPECT_NO_THROW(serve(
            {.port = 0}, engine, [&] { return stop.load(); },
            [&](int port) {
                port_ = port;
                ready = true;
                ready.notify_all();
            }));
        ready = true;  // where it ended before it listened
        ready.notify_all();
    });
    ready.wait(false);
    ASSERT_GT(port_, 0);
    RawConnection connection(port_);
    connection.send(fmt::format("POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
                                picture_.size()));
    connection.send(picture_.substr(0, 100));
    EXPECT_TRUE(is_keeping_an_upload_soon());
    EXPECT_TRUE(answers());
    stop = true;
    while (answers()) continue;
    connection.send(picture_.substr(100));  // the rest comes when nothing is answered any more
    while (!connection.receive(5000).empty()) continue;
    EXPECT_EQ(connection.received().rfind("HTTP/1.1 503", 0), 0u) << connection.received();
    EXPECT_NE(connection.received().find("the server is stopping"), std::string::npos)
        << connection.received();
    server.join();
    EXPECT_TRUE(nothing_is_left());
    ::unsetenv("TMPDIR");
}

// Whenever it comes: each that asks is answered or told that there is no answer, and none waits for ever.
TEST_F(Serve, AStopLeavesNobodyWaitingInTheEngine) {
    DetectionEngine engine(model_options(), {});
    std::atomic<int> answered{0}, given_up{0};
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 20; ++i)
            clients.emplace_back([&] {
                const auto later = std::chrono::steady_clock::now() + std::chrono::hours(1);
                const auto answer = engine.detect(folder_ / "face.png", "face.png", true, later);
                ++(answer ? answered : given_up);
                answered.notify_all();
                if (answer) {
                    EXPECT_TRUE(answer->score.score) << answer->score.error;
                }
            });
        answered.wait(0);  // one is done, others wait
        engine.stop();
    }
    EXPECT_GE(answered, 1);
    EXPECT_GE(given_up, 1);
    EXPECT_EQ(answered + given_up, 20);
    EXPECT_FALSE(engine.detect(folder_ / "face.png", "face.png", false, {}));
}

TEST_F(Serve, ThatIsStoppedAtOnceEnds) {
    for (int i = 0; i < 5; ++i) {
        DetectionEngine engine(model_options(), {});
        EXPECT_NO_THROW(serve(
            {.port = 0}, engine, [] { return true; }, [](int) {}));
    }
}

}  // namespace
}  // namespace unmask
