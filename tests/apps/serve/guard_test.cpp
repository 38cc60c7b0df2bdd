// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/guard.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(Guard, HostsAreNamesWithoutTheirPorts) {
    EXPECT_EQ(host_name("LocalHost:8000"), "localhost");
    EXPECT_EQ(host_name("127.0.0.1"), "127.0.0.1");
    EXPECT_EQ(host_name("[::1]:80"), "[::1]");
    for (const char* none : {"", ":80", "a:b", "a:1:2", "[::1]x", "localhost:123456789"})
        EXPECT_EQ(host_name(none), "") << none;
}

TEST(Guard, OnlyOwnNamesAndAddressesAreAnswered) {
    for (const char* own : {"localhost", "localhost:8000", "127.0.0.1:8000", "192.168.1.20", "[::1]:8000"})
        EXPECT_TRUE(is_own_host(own, {})) << own;
    // Names that somebody else's DNS server could point at this machine.
    for (const char* other : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3",
                              "0x7f.1", "[::1", "[evil]"})
        EXPECT_FALSE(is_own_host(other, {})) << other;
    EXPECT_TRUE(is_own_host("Lab:8000", {"lab"}));
    EXPECT_FALSE(is_own_host("lab.evil.example", {"lab"}));
}

TEST(Guard, OtherSitesAreRefused) {
    const std::string host = "localhost:8000";
    EXPECT_EQ(refusal_of({.host = host, .origin = "", .fetch_site = ""}, {}), "");
    EXPECT_EQ(refusal_of({.host = host, .origin = "http://localhost:8000", .fetch_site = "same-origin"}, {}),
              "");
    EXPECT_EQ(refusal_of({.host = host, .origin = "", .fetch_site = "none"}, {}), "");
    for (const char* origin : {"http://evil.example", "null", "http://localhost:9000", "http://localhost",
                               "file://", "http://localhost:8000.evil.example"})
        EXPECT_NE(refusal_of({.host = host, .origin = origin, .fetch_site = ""}, {}), "") << origin;
    for (const char* site : {"cross-site", "same-site"})
        EXPECT_NE(refusal_of({.host = host, .origin = "", .fetch_site = site}, {}), "") << site;
    EXPECT_NE(refusal_of(
                  {.host = "evil.example", .origin = "http://evil.example", .fetch_site = "same-origin"}, {}),
              "");
}

TEST(Guard, NamesAreShownWithoutTheirPaths) {
    EXPECT_EQ(shown_name("clip.mp4"), "clip.mp4");
    EXPECT_EQ(shown_name("../../etc/passwd"), "passwd");
    EXPECT_EQ(shown_name("C:\\Users\\x\\clip.mp4"), "clip.mp4");
    EXPECT_EQ(shown_name(std::string("a\0\n\x1b[31mb", 9)), "a[31mb");
    EXPECT_EQ(shown_name(std::string(5000, 'x')).size(), 200u);
    for (const char* none : {"", "/", "..", ".", "-", "a/"}) EXPECT_EQ(shown_name(none), "upload") << none;
}

}  // namespace
}  // namespace unmask
