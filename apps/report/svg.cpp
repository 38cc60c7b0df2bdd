// SPDX-License-Identifier: Apache-2.0
#include "apps/report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/html.h"

namespace unmask {

std::vector<double> round_ticks(AxisRange range, bool whole) {
    const double extent = range.high - range.low;
    const double power = std::pow(10.0, std::floor(std::log10(extent / 5)));
    double step = power;
    for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
        step = factor * power;
        if (extent / step <= 7.5) break;
    }
    if (whole) step = std::max(1.0, std::round(step));
    std::vector<double> ticks;
    for (double i = std::ceil(range.low / step - 1e-9); i * step <= range.high + 1e-9 * step; ++i)
        ticks.push_back(i == 0 ? 0.0 : i * step);  // never -0
    return ticks;
}

AxisRange range_of(const std::vector<double>& values) {
    AxisRange range{0, 0};
    bool any = false;
    for (const double value : values) {
        if (!std::isfinite(value)) continue;
        range = any ? AxisRange{std::min(range.low, value), std::max(range.high, value)}
                    : AxisRange{value, value};
        any = true;
    }
    if (!any) return {0, 1};
    const double least = 1e-6 * std::max({std::abs(range.low), std::abs(range.high), 1e-300});
    const double extent = range.high - range.low;
    const double margin = extent > least ? extent / 20 : std::max(std::abs(range.low) / 10, 1e-6);
    return {range.low - margin, range.high + margin};
}

std::string tick_text(double value) {
    const double size = std::abs(value);
    if (size >= 1e4 && size < 1e7 && std::fmod(value, 1000) == 0) return fmt::format("{:g}k", value / 1000);
    return fmt::format("{:.6g}", value);
}

double PlotFrame::place_x(double value) const {
    return left + (right - left) * (value - x_.low) / (x_.high - x_.low);
}

double PlotFrame::place_y(double value) const {
    return bottom - (bottom - top) * (value - y_.low) / (y_.high - y_.low);
}

std::string coordinate(double value) {
    return fmt::format("{:.1f}", value);
}

std::string PlotFrame::axes(const std::string& x_name, const std::string& y_name, bool whole_x) const {
    std::string svg;
    for (const double tick : round_ticks(y_))
        svg += fmt::format(
            "<path class=\"grid\" d=\"M{} {}H{}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
            coordinate(left), coordinate(place_y(tick)), coordinate(right), coordinate(left - 6),
            coordinate(place_y(tick) + 4), tick_text(tick));
    for (const double tick : round_ticks(x_, whole_x))
        svg += fmt::format(
            "<path class=\"frame\" d=\"M{} {}v4\"/><text x=\"{}\" y=\"{}\" "
            "text-anchor=\"middle\">{}</text>\n",
            coordinate(place_x(tick)), coordinate(bottom), coordinate(place_x(tick)), coordinate(bottom + 17),
            tick_text(tick));
    svg += fmt::format("<path class=\"frame\" d=\"M{0} {1}V{2}H{3}\"/>\n", coordinate(left), coordinate(top),
                       coordinate(bottom), coordinate(right));
    svg += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", coordinate(right),
                       coordinate(height - 6), html_escaped(x_name));
    svg += fmt::format("<text x=\"{}\" y=\"12\">{}</text>\n", coordinate(4), html_escaped(y_name));
    return svg;
}

std::string svg_figure(const std::string& title, const std::string& description,
                       const std::vector<std::string>& names, const std::string& content, double height) {
    std::string figure = fmt::format("<figure><figcaption>{}</figcaption>\n", html_escaped(title));
    if (names.size() > 1) {
        figure += "<ul>";
        for (size_t i = 0; i < names.size(); ++i)
            figure += fmt::format("<li class=\"{}\">{}</li>", i == 0 ? "one" : "two", html_escaped(names[i]));
        figure += "</ul>\n";
    }
    return figure +
           fmt::format(
               "<svg role=\"img\" viewBox=\"0 0 {:g} {:g}\"><title>{}</title><desc>{}</desc>\n{}</svg>"
               "</figure>",
               PlotFrame::width, height, html_escaped(title), html_escaped(description), content);
}

}  // namespace unmask
