// SPDX-License-Identifier: Apache-2.0
// The choices of algorithms that a run keeps: written, read back, and left out where they do not fit.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cuda/cudnn/choices.h"
#include "tests/support/expect_error.h"

namespace unmask::cudnn {
namespace {

const Choices::Origin here{91900, "NVIDIA H200"};
const TimedChoice fast{{7, {{2, 1}, {5, -3}}}, 12.5}, untimed{{0, {}}, 0.0};

std::string two_choices() {
    Choices choices(here);
    choices.store("conv2d \"a\" [8, 3]", fast);
    choices.store("b", untimed);
    return choices.json();
}

TEST(Choices, AreReadBackAsTheyWere) {
    EXPECT_EQ(Choices(here).json(), "");
    Choices choices(here);
    choices.store("b", fast);  // what is read takes its place
    choices.store("c", fast);
    EXPECT_EQ(choices.add(two_choices()), "");
    EXPECT_EQ(choices.find("conv2d \"a\" [8, 3]"), fast);
    EXPECT_EQ(choices.find("b"), untimed);
    EXPECT_EQ(choices.find("c"), fast);
    EXPECT_FALSE(choices.find("d").has_value());
    Choices again(here);
    EXPECT_EQ(again.add(choices.json()), "");
    EXPECT_EQ(again.json(), choices.json());
}

TEST(Choices, ByNameAreReadBackToo) {
    Choices choices(here);
    choices.store_name("branches of \"a\"", "lockstep");
    choices.store_name("b", "parallel");
    Choices again(here);
    again.store_name("b", "separate");  // what is read takes its place
    EXPECT_EQ(again.add(choices.json()), "");
    EXPECT_EQ(again.find_name("branches of \"a\""), "lockstep");
    EXPECT_EQ(again.find_name("b"), "parallel");
    EXPECT_EQ(again.find_name("c"), "");
    EXPECT_EQ(again.json(), choices.json());
    Choices elsewhere({91900, "NVIDIA A100"});
    EXPECT_NE(elsewhere.add(choices.json()).find("2 stored"), std::string::npos);
    EXPECT_EQ(elsewhere.json(), "");
    // As they were written before there were any.
    EXPECT_EQ(again.add(R"({"cudnn": 91900, "device": "NVIDIA H200", "conv2d": {}})"), "");
    EXPECT_EQ(again.find_name("b"), "parallel");
}

TEST(Choices, OfAnotherVersionOrGpuAreLeftOutWithANotice) {
    const auto expect_left_out = [](const Choices::Origin& origin, const std::string& part) {
        Choices choices(origin);
        const std::string notice = choices.add(two_choices());
        for (const std::string& text :
             {std::string("2 stored"), std::string("cuDNN 91900 on NVIDIA H200"), part})
            EXPECT_NE(notice.find(text), std::string::npos) << notice;
        EXPECT_EQ(choices.json(), "");
    };
    expect_left_out({91901, "NVIDIA H200"}, "this is cuDNN 91901 on NVIDIA H200");
    expect_left_out({91900, "NVIDIA A100"}, "this is cuDNN 91900 on NVIDIA A100");
}

TEST(Choices, OtherTextsAreRefusedAndNothingIsTaken) {
    for (
        const char* text :
        {"", "{", "[]", R"({"cudnn": 91900, "device": "NVIDIA H200"})",
         R"({"cudnn": "new", "device": "NVIDIA H200", "conv2d": {}})",
         R"({"cudnn": 91900, "device": "NVIDIA H200", "conv2d": {"a": {"engine": 1, "knobs": []}, "b": {}}})",
         R"({"cudnn": 91900, "device": "NVIDIA H200", "conv2d": {"a": {"engine": 1, "knobs": [[1]]}}})",
         R"({"cudnn": 91900, "device": "NVIDIA H200", "conv2d": {}, "named": {"a": "b", "c": 1}})"}) {
        Choices choices(here);
        expect_error([&] { (void)choices.add(text); }, {"tuning choices", "expected JSON"});
        EXPECT_EQ(choices.json(), "") << text;
    }
}

TEST(Choices, AreBoundedInNumber) {
    Choices choices(here);
    for (size_t i = 0; i < Choices::capacity; ++i) choices.store(fmt::format("{}", i), fast);
    choices.store("one more", fast);
    choices.store("5", untimed);
    EXPECT_FALSE(choices.find("one more").has_value());
    EXPECT_EQ(choices.find("5"), untimed);
}

}  // namespace
}  // namespace unmask::cudnn
