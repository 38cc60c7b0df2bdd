// SPDX-License-Identifier: Apache-2.0
#include "apps/report/charts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/text_count.h"

namespace unmask {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Svg, TicksAreRoundAndFew) {
    for (const AxisRange range : {AxisRange{0, 1}, {-3, 17}, {0.981, 0.9834}, {1e-9, 3e-9}, {-5e6, 2e7}}) {
        const std::vector<double> ticks = round_ticks(range);
        EXPECT_GE(ticks.size(), 3u) << range.low;
        EXPECT_LE(ticks.size(), 8u) << range.low;
        for (const double tick : ticks) {
            EXPECT_GE(tick, range.low - 1e-9 * (range.high - range.low));
            EXPECT_LE(tick, range.high + 1e-9 * (range.high - range.low));
        }
    }
    EXPECT_EQ(round_ticks({0, 1}), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
    EXPECT_EQ(round_ticks({0.9, 3.1}, true), (std::vector<double>{1, 2, 3}));
    EXPECT_EQ(tick_text(0.6000000000000001), "0.6");
    EXPECT_EQ(tick_text(20000), "20k");
    EXPECT_EQ(tick_text(-0.0001), "-0.0001");
}

TEST(Svg, RangesHoldEveryFiniteValueAndAreNeverEmpty) {
    for (const std::vector<double>& values : {std::vector<double>{},
                                              {nan},
                                              {2},
                                              {0, 0},
                                              {-1e300, 1e300},
                                              {1e-300},
                                              {1, 1 + 1e-15},
                                              {3, nan, 5}}) {
        const AxisRange range = range_of(values);
        EXPECT_TRUE(std::isfinite(range.low) && std::isfinite(range.high));
        EXPECT_LT(range.low, range.high);
        for (const double value : values)
            EXPECT_TRUE(!std::isfinite(value) || (range.low <= value && value <= range.high)) << value;
        EXPECT_LE(round_ticks(range).size(), 8u);
    }
}

TEST(Charts, LinesHaveGapsWhereNothingIsDefined) {
    const std::string svg =
        line_chart({.title = "A < B",
                    .description = "d",
                    .x_name = "epoch",
                    .y_name = "",
                    .series = {{"frames", {{1, 0.5}, {2, 0.6}, {3, nan}, {4, 0.8}}},
                               {"<videos>", {{1, 0.2, AxisRange{0.1, 0.3}}, {2, 0.3, AxisRange{0.3, 0.3}}}}},
                    .whole_x = true});
    const size_t path = svg.find("<path class=\"one\" d=\"");
    ASSERT_NE(path, std::string::npos);
    const std::string line = svg.substr(path, svg.find("/>", path) - path);
    EXPECT_EQ(count_of("M", line), 2u) << line;
    EXPECT_EQ(count_of("L", line), 1u) << line;
    EXPECT_EQ(count_of("band two", svg), 1u);
    EXPECT_EQ(count_of("band one", svg), 0u);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_NE(svg.find("<title>A &lt; B</title>"), std::string::npos);
    EXPECT_NE(svg.find("role=\"img\""), std::string::npos);
    EXPECT_NE(svg.find("<li class=\"two\">&lt;videos&gt;</li>"), std::string::npos);
}

TEST(Charts, AxesGoNoFurtherThanValuesCanBe) {
    const auto chart = [](double a, double b) {
        return line_chart(
            {.title = "AUC", .series = {{"frames", {{5, a}, {6, b}}}}, .possible_y = AxisRange{0, 1}});
    };
    EXPECT_EQ(chart(1, 1).find(">1.0"), std::string::npos);
    EXPECT_NE(chart(1, 1).find(">1</text>"), std::string::npos);
    EXPECT_EQ(chart(0, 0).find(">-"), std::string::npos);
    EXPECT_NE(chart(0.5, 0.6).find(">0.5</text>"), std::string::npos);
    // A tenth of them is shown at least.
    EXPECT_NE(chart(0.999, 1).find(">0.9</text>"), std::string::npos);
    EXPECT_NE(chart(0, 0.001).find(">0.1</text>"), std::string::npos);
}

TEST(Charts, OnlyMarkedSeriesHaveDots) {
    const std::string svg = line_chart(
        {.title = "t", .series = {{"a", {{0, 0}, {1, 1}}}, {"b", {{0, 1}, {1, 0}}, false}}, .dots = true});
    EXPECT_EQ(count_of("class=\"dot one\"", svg), 2u);
    EXPECT_EQ(count_of("class=\"dot two\"", svg), 0u);
}

TEST(Charts, CurvesOfManyPointsStaySmall) {
    ChartSeries series{"s", {}};
    for (int i = 0; i <= 200000; ++i) series.points.push_back({i / 200000.0, i / 400000.0 + 0.25});
    const std::string svg = line_chart({.title = "t", .series = {series}});
    EXPECT_LT(svg.size(), 100000u);
}

TEST(Charts, HistogramsShowSharesOfEachClass) {
    const std::string svg = histogram_chart({.title = "t",
                                             .description = "d",
                                             .x_name = "x",
                                             .y_name = "y",
                                             .names = {"real", "fake"},
                                             .counts = {std::vector<int64_t>{3, 1, 0}, {0, 0, 400}},
                                             .mark = 0.5});
    EXPECT_EQ(count_of("bar one", svg), 2u);
    EXPECT_EQ(count_of("bar two", svg), 1u);
    EXPECT_EQ(count_of("guide", svg), 1u);
    // Nothing at all is a picture too.
    EXPECT_EQ(count_of("bar", histogram_chart({.title = "t", .counts = {std::vector<int64_t>{0}, {0}}})), 0u);
}

TEST(Charts, ConfusionMatricesHoldCountsAndShares) {
    const std::string svg = confusion_chart("t", "d", {{{30, 10}, {0, 0}}});
    for (const char* text : {">30<", ">10<", ">75.0%<", ">25.0%<", "truly real", "truly fake"})
        EXPECT_NE(svg.find(text), std::string::npos) << text;
    EXPECT_EQ(svg.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace unmask
