// SPDX-License-Identifier: Apache-2.0
#include "apps/report/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "apps/report/html.h"
#include "engine/error.h"

namespace unmask {
namespace {

const char* series_class(size_t index) {
    return index == 0 ? "one" : "two";
}

// One path through all points, begun anew after each gap; points that fall on the same place are drawn once,
// so that curves of many thousands stay small.
std::string path_of(const ChartSeries& series, const PlotFrame& frame, const char* style) {
    std::string path, previous;
    bool drawing = false;
    for (const ChartPoint& point : series.points) {
        if (!std::isfinite(point.y)) {
            drawing = false;
            continue;
        }
        const std::string place =
            coordinate(frame.place_x(point.x)) + " " + coordinate(frame.place_y(point.y));
        if (drawing && place == previous) continue;
        path += (drawing ? "L" : "M") + place;
        previous = place;
        drawing = true;
    }
    return path.empty() ? "" : fmt::format("<path class=\"{}\" d=\"{}\"/>\n", style, path);
}

std::string band_of(const ChartSeries& series, const PlotFrame& frame, const char* style) {
    std::string there, back;
    for (const ChartPoint& point : series.points) {
        if (!std::isfinite(point.y) || !point.band) continue;
        const std::string x = coordinate(frame.place_x(point.x));
        there += (there.empty() ? "M" : "L") + x + " " + coordinate(frame.place_y(point.band->high));
        back = "L" + x + " " + coordinate(frame.place_y(point.band->low)) + back;
    }
    if (there.empty()) return "";
    return fmt::format("<path class=\"area band {}\" d=\"{}{}Z\"/>\n", style, there, back);
}

// The part of the range that lies within the other one, of which a tenth is shown at least.
AxisRange within(AxisRange range, AxisRange possible) {
    const double least = (possible.high - possible.low) / 10;
    range.low = std::max(range.low, possible.low);
    range.high = std::min(range.high, possible.high);
    if (range.high - range.low >= least) return range;
    range.low = std::clamp(range.high - least, possible.low, possible.high - least);
    return {range.low, range.low + least};
}

}  // namespace

std::string line_chart(const LineChart& chart) {
    UNMASK_ASSERT(chart.series.size() <= 2);
    std::vector<double> xs, ys;
    size_t most = 0;
    for (const ChartSeries& series : chart.series) {
        most = std::max(most, series.points.size());
        for (const ChartPoint& point : series.points) {
            xs.push_back(point.x);
            ys.push_back(point.y);
            if (!point.band) continue;
            ys.push_back(point.band->low);
            ys.push_back(point.band->high);
        }
    }
    AxisRange y = chart.y.value_or(range_of(ys));
    if (chart.possible_y) y = within(y, *chart.possible_y);
    const PlotFrame frame(chart.x.value_or(range_of(xs)), y);
    std::string svg = frame.axes(chart.x_name, chart.y_name, chart.whole_x);
    if (chart.diagonal)
        svg += fmt::format("<path class=\"guide\" d=\"M{} {}L{} {}\"/>\n", coordinate(PlotFrame::left),
                           coordinate(PlotFrame::bottom), coordinate(PlotFrame::right),
                           coordinate(PlotFrame::top));
    std::vector<std::string> names;
    for (size_t i = 0; i < chart.series.size(); ++i) {
        const ChartSeries& series = chart.series[i];
        names.push_back(series.name);
        svg += band_of(series, frame, series_class(i));
        svg += path_of(series, frame, series_class(i));
        if (!series.marked || (!chart.dots && most > 1)) continue;
        for (const ChartPoint& point : series.points)
            if (std::isfinite(point.y))
                svg +=
                    fmt::format("<circle class=\"dot {}\" cx=\"{}\" cy=\"{}\" r=\"3\"/>\n", series_class(i),
                                coordinate(frame.place_x(point.x)), coordinate(frame.place_y(point.y)));
    }
    return svg_figure(chart.title, chart.description, names, svg);
}

std::string histogram_chart(const HistogramChart& chart) {
    const size_t bins = chart.counts[0].size();
    UNMASK_ASSERT(bins > 0 && chart.counts[1].size() == bins);
    std::array<std::vector<double>, 2> shares;
    double most = 0;
    for (size_t s = 0; s < 2; ++s) {
        const auto sum = double(std::accumulate(chart.counts[s].begin(), chart.counts[s].end(), int64_t{0}));
        for (const int64_t count : chart.counts[s]) shares[s].push_back(sum > 0 ? double(count) / sum : 0);
        most = std::max(most, *std::ranges::max_element(shares[s]));
    }
    const PlotFrame frame({0, 1}, {0, most > 0 ? most * 1.05 : 1});
    std::string svg = frame.axes(chart.x_name, chart.y_name, false);
    for (size_t s = 0; s < 2; ++s) {
        for (size_t i = 0; i < bins; ++i) {
            if (shares[s][i] <= 0) continue;
            // The two series share a bin half and half.
            const double begin = (double(i) + 0.5 * double(s)) / double(bins),
                         end = begin + 0.5 / double(bins);
            const double top = frame.place_y(shares[s][i]);
            svg += fmt::format("<path class=\"area bar {}\" d=\"M{} {}V{}H{}V{}Z\"/>\n", series_class(s),
                               coordinate(frame.place_x(begin) + 0.3), coordinate(PlotFrame::bottom),
                               coordinate(top), coordinate(frame.place_x(end) - 0.3),
                               coordinate(PlotFrame::bottom));
        }
    }
    if (chart.mark)
        svg +=
            fmt::format("<path class=\"guide\" d=\"M{} {}V{}\"/>\n", coordinate(frame.place_x(*chart.mark)),
                        coordinate(PlotFrame::top), coordinate(PlotFrame::bottom));
    return svg_figure(chart.title, chart.description, {chart.names[0], chart.names[1]}, svg);
}

std::string confusion_chart(const std::string& title, const std::string& description,
                            const std::array<std::array<int64_t, 2>, 2>& counts) {
    constexpr double left = 84, top = 42, width = 128, height = 78;
    const std::array<const char*, 2> names{"real", "fake"};
    std::string svg = fmt::format("<text x=\"{}\" y=\"14\" text-anchor=\"middle\">answer</text>\n",
                                  coordinate(left + width));
    for (size_t answer = 0; answer < 2; ++answer)
        svg += fmt::format("<text x=\"{}\" y=\"34\" text-anchor=\"middle\">{}</text>\n",
                           coordinate(left + width * (double(answer) + 0.5)), names[answer]);
    for (size_t label = 0; label < 2; ++label) {
        const double y = top + height * double(label), middle = y + height / 2;
        const int64_t sum = counts[label][0] + counts[label][1];
        svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">truly {}</text>\n",
                           coordinate(left - 8), coordinate(middle + 4), names[label]);
        for (size_t answer = 0; answer < 2; ++answer) {
            const double x = left + width * double(answer);
            const double share = sum > 0 ? double(counts[label][answer]) / double(sum) : 0;
            svg += fmt::format(
                "<rect class=\"area {}\" opacity=\"{:.2f}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>"
                "<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                label == answer ? "one" : "two", 0.05 + 0.4 * share, coordinate(x), coordinate(y),
                coordinate(width), coordinate(height), coordinate(x), coordinate(y), coordinate(width),
                coordinate(height));
            svg += fmt::format(
                "<text class=\"count\" x=\"{0}\" y=\"{1}\" text-anchor=\"middle\">{3}</text><text x=\"{0}\" "
                "y=\"{2}\" text-anchor=\"middle\">{4}</text>\n",
                coordinate(x + width / 2), coordinate(middle + 2), coordinate(middle + 22),
                counts[label][answer], sum > 0 ? fmt::format("{:.1f}%", 100 * share) : "");
        }
    }
    return svg_figure(title, description, {}, svg, 210);
}

}  // namespace unmask
