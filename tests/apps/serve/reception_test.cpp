// SPDX-License-Identifier: Apache-2.0
// Uploads to unmask serve that are too large, too slow, or break off.
#include <nlohmann/json.hpp>

#include "tests/apps/serve/raw_connection.h"
#include "tests/apps/serve/serve_fixture.h"

namespace unmask {
namespace {

using nlohmann::json;

TEST_F(Serve, TooLargeUploadsAreRefusedHoweverTheyCome) {
    start({"--most-mebibytes", "1"});
    const std::string large(3 << 20, 'x');
    const auto announced = post(large);
    ASSERT_TRUE(announced);
    EXPECT_EQ(announced->status, 413);
    EXPECT_NE(json::parse(announced->body)["error"].get<std::string>().find("1048576"), std::string::npos);
    const auto chunked = client().Post(
        "/v1/detect",
        [&](size_t offset, httplib::DataSink& sink) {
            if (offset >= large.size())
                sink.done();
            else
                sink.write(large.data() + offset, 65536);
            return true;
        },
        "application/octet-stream");
    // The connection may end while the client still sends.
    if (chunked) {
        EXPECT_EQ(chunked->status, 413);
    }
    // Within the form's allowance, but not the file's.
    const auto slightly = client().Post("/v1/detect", form(std::string((1 << 20) + 100, 'x'), "a.png"));
    ASSERT_TRUE(slightly);
    EXPECT_EQ(slightly->status, 413);
    EXPECT_TRUE(nothing_is_left_soon());
    EXPECT_EQ(post(picture_)->status, 200);
}

TEST_F(Serve, UploadsThatBreakOffLeaveNothing) {
    start();
    for (const bool multipart : {false, true}) {
        RawConnection connection(port_);
        connection.send(
            fmt::format("POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
                        "Content-Type: {}\r\n\r\n",
                        multipart ? "multipart/form-data; boundary=b" : "application/octet-stream"));
        if (multipart)
            connection.send(
                "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n");
        connection.send(std::string(1000, 'x'));
        EXPECT_TRUE(is_keeping_an_upload_soon());  // some of it is there before the client goes
        connection.close();
        EXPECT_TRUE(nothing_is_left_soon());
    }
    EXPECT_EQ(post(picture_)->status, 200);
}

TEST_F(Serve, UploadsThatDawdleAreEnded) {
    start({"--upload-seconds", "0.5"});
    RawConnection connection(port_);
    connection.send("POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 100 && connection.send("x"); ++i)
        if (!connection.receive(100).empty()) break;
    while (!connection.receive(1000).empty()) continue;  // the rest of the answer
    EXPECT_NE(connection.received().find("408"), std::string::npos) << connection.received();
    EXPECT_NE(connection.received().find("{\"error\""), std::string::npos) << connection.received();
    EXPECT_TRUE(nothing_is_left_soon());
}

// Fields beside the file, which nobody asked for, are held to the same limits.
TEST_F(Serve, FieldsBesideTheFileDawdleAndGrowNoLonger) {
    start({"--upload-seconds", "0.5", "--most-mebibytes", "1", "--clients", "2"});
    const std::string head =
        "POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n";
    const auto chunk = [](const std::string& bytes) {
        return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
    };
    const std::string part = chunk("--b\r\nContent-Disposition: form-data; name=\"junk\"\r\n\r\n");
    {
        // Small parts, and one that grows slowly.
        RawConnection growing(port_), many(port_);
        growing.send(head + part);
        many.send(head + part);
        const std::string next = chunk("x\r\n--b\r\nContent-Disposition: form-data; name=\"junk\"\r\n\r\n");
        for (int i = 0; i < 30; ++i) {
            if (growing.received().empty() && growing.send(chunk("xxxx"))) growing.receive(100);
            if (many.received().empty() && many.send(next)) many.receive(100);
        }
        for (const RawConnection* one : {&growing, &many})
            EXPECT_EQ(one->received().rfind("HTTP/1.1 408", 0), 0u) << one->received();
    }
    EXPECT_TRUE(nothing_is_left_soon());
    {
        RawConnection large(port_);
        large.send(head + part);
        // A little beyond the limit, so that nothing is left unread when the answer comes.
        for (int i = 0; i < 18 && large.received().empty(); ++i) {
            large.send(chunk(std::string(65536, 'x')));
            large.receive(i < 16 ? 0 : 100);
        }
        if (large.received().empty()) large.receive(5000);
        EXPECT_EQ(large.received().rfind("HTTP/1.1 413", 0), 0u) << large.received();
    }
    EXPECT_TRUE(nothing_is_left_soon());
    EXPECT_EQ(post(picture_)->status, 200);
}

TEST_F(Serve, PartHeadersThatNeverEndAreEnded) {
    start({"--upload-seconds", "0.5", "--clients", "1"});
    RawConnection connection(port_);
    connection.send(
        "POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Dis");
    for (int i = 0; i < 100 && connection.send("x"); ++i)
        if (!connection.receive(100).empty()) break;
    EXPECT_EQ(connection.received().rfind("HTTP/1.1 408", 0), 0u) << connection.received();
    EXPECT_EQ(post(picture_)->status, 200);
}

}  // namespace
}  // namespace unmask
