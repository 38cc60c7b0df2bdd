// SPDX-License-Identifier: Apache-2.0
// The frame that charts are drawn in: axes with round ticks, and where a value lies on the picture.
#pragma once

#include <string>
#include <vector>

namespace unmask {

// What an axis shows. A range without extent or that is not finite is widened.
struct AxisRange {
    double low = 0, high = 1;
};

// From 3 to 8 multiples of 1, 2 or 5 times a power of ten within the range; whole numbers where asked for.
[[nodiscard]] std::vector<double> round_ticks(AxisRange range, bool whole = false);

// The smallest range that holds all finite values, widened by a twentieth; [0, 1] without any.
[[nodiscard]] AxisRange range_of(const std::vector<double>& values);

// A tick's text: "0.25", "1e-05", "12k".
[[nodiscard]] std::string tick_text(double value);

// The plot's place in a picture of 360 × 240 units, near the pixels of a phone's screen.
class PlotFrame {
  public:
    PlotFrame(AxisRange x, AxisRange y) : x_(x), y_(y) {}

    [[nodiscard]] double place_x(double value) const;
    [[nodiscard]] double place_y(double value) const;
    // Grid lines, the ticks' texts and the axes' names.
    [[nodiscard]] std::string axes(const std::string& x_name, const std::string& y_name, bool whole_x) const;

    static constexpr double width = 360, height = 240;
    static constexpr double left = 52, right = 348, top = 26, bottom = 198;

  private:
    AxisRange x_, y_;
};

// A coordinate with one digit after the point.
[[nodiscard]] std::string coordinate(double value);

// <figure> with the title as caption, the series' names (none for one series), and the picture, which
// assistive technology reads as an image with title and description. `content` is SVG.
[[nodiscard]] std::string svg_figure(const std::string& title, const std::string& description,
                                     const std::vector<std::string>& names, const std::string& content,
                                     double height = PlotFrame::height);

}  // namespace unmask
