// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/upload.h"

#include <gtest/gtest.h>

#include "tests/support/file_bytes.h"

namespace unmask {
namespace {

using State = UploadedFile::State;
const auto later = UploadedFile::Clock::now() + std::chrono::hours(1);

TEST(UploadedFile, IsAPrivateFileWhileItLives) {
    std::filesystem::path path;
    {
        UploadedFile upload(10, later);
        EXPECT_TRUE(upload.add("12345"));
        EXPECT_TRUE(upload.add("67890"));
        EXPECT_EQ(upload.finish(), State::good);
        path = upload.path();
        EXPECT_EQ(bytes_of(path), "1234567890");
        EXPECT_EQ(std::filesystem::hard_link_count(path), 0u);
        EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0600));
    }
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(UploadedFile, TakesNothingBeyondItsLimits) {
    UploadedFile large(10, later);
    EXPECT_TRUE(large.add("1234567890"));
    EXPECT_FALSE(large.add("1"));
    EXPECT_FALSE(large.add(""));
    EXPECT_EQ(large.finish(), State::too_large);
    EXPECT_EQ(std::filesystem::file_size(large.path()), 10u);
    UploadedFile late(10, UploadedFile::Clock::now() - std::chrono::seconds(1));
    EXPECT_FALSE(late.add("1"));
    EXPECT_EQ(late.finish(), State::too_late);
}

TEST(UploadedFile, WhatComesBesideTheFileCountsToo) {
    UploadedFile upload(10, later);
    EXPECT_TRUE(upload.add("12345"));
    EXPECT_TRUE(upload.pass_over(UploadedFile::form_bytes + 5));
    EXPECT_EQ(upload.bytes(), 5);
    EXPECT_FALSE(upload.pass_over(1));
    EXPECT_FALSE(upload.add("6"));
    EXPECT_EQ(upload.finish(), State::too_large);
    EXPECT_EQ(bytes_of(upload.path()), "12345");
    UploadedFile late(10, UploadedFile::Clock::now() - std::chrono::seconds(1));
    EXPECT_FALSE(late.pass_over(0));
    EXPECT_EQ(late.finish(), State::too_late);
}

}  // namespace
}  // namespace unmask
