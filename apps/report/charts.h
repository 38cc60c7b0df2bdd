// SPDX-License-Identifier: Apache-2.0
// Charts as <figure> elements for HtmlPage: at most two series each, the first a full line and the second a
// dashed one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/report/svg.h"

namespace unmask {

struct ChartPoint {
    double x = 0, y = 0;              // a y that is not finite is left out
    std::optional<AxisRange> band{};  // the interval around y
};

struct ChartSeries {
    std::string name;
    std::vector<ChartPoint> points;
    bool marked = true;  // by dots, where the chart has them
};

struct LineChart {
    std::string title, description, x_name, y_name;
    std::vector<ChartSeries> series;
    bool whole_x = false;                   // the x axis counts things
    bool diagonal = false;                  // draw what chance gives
    bool dots = false;                      // mark every point
    std::optional<AxisRange> x, y{};        // else what the points span
    std::optional<AxisRange> possible_y{};  // then within what values can be
};
[[nodiscard]] std::string line_chart(const LineChart& chart);

// Counts of two series in bins of equal width over [0, 1], as shares of each series.
struct HistogramChart {
    std::string title, description, x_name, y_name;
    std::array<std::string, 2> names;
    std::array<std::vector<int64_t>, 2> counts;
    std::optional<double> mark;  // a line across, such as a threshold
};
[[nodiscard]] std::string histogram_chart(const HistogramChart& chart);

// counts[label][answer], 0 real and 1 fake.
[[nodiscard]] std::string confusion_chart(const std::string& title, const std::string& description,
                                          const std::array<std::array<int64_t, 2>, 2>& counts);

}  // namespace unmask
