// SPDX-License-Identifier: Apache-2.0
#include "apps/report/evaluation_report.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "apps/evaluation/corruptions.h"
#include "apps/evaluation/evaluation_lines.h"
#include "apps/report/charts.h"
#include "apps/report/html.h"
#include "apps/report/score_charts.h"

namespace unmask {
namespace {

std::string figure(const std::optional<double>& value) {
    return value ? fmt::format("{:.4f}", *value) : "n/a";
}

ChartPoint point_of(double x, const std::optional<double>& value, const std::optional<Interval>& interval) {
    ChartPoint point{x, value.value_or(std::numeric_limits<double>::quiet_NaN())};
    if (interval) point.band = AxisRange{interval->low, interval->high};
    return point;
}

// The undisturbed pictures are strength 0.
std::string robustness_chart(const Corruption& corruption, const DatasetEvaluation& undisturbed,
                             const std::vector<const DatasetEvaluation*>& disturbed, AxisRange auc) {
    ChartSeries frames{"frames", {}}, videos{"videos", {}};
    const auto add = [&](double x, const EvaluationScores& scores) {
        frames.points.push_back(point_of(x, scores.frame.auc, scores.frame_intervals.auc));
        videos.points.push_back(point_of(x, scores.video.auc, scores.video_intervals.auc));
    };
    add(0, undisturbed.evaluation.all);
    for (size_t i = 0; i < disturbed.size(); ++i) add(double(i + 1), disturbed[i]->evaluation.all);
    return line_chart(
        {.title = fmt::format("AUC under {}", corruption.name),
         .description = fmt::format("Strength 0 is the pictures as they are; 1 to 5: {} {}.", corruption.unit,
                                    fmt::join(corruption.strengths, ", ")),
         .x_name = fmt::format("{}: {}", corruption.unit, fmt::join(corruption.strengths, ", ")),
         .series = {std::move(frames), std::move(videos)},
         .whole_x = true,
         .dots = true,
         .x = AxisRange{0, 5},
         .y = auc});
}

// From a round value at or below all AUCs and their intervals, at most the 0.5 of chance, to 1.
AxisRange auc_axis(const std::vector<DatasetEvaluation>& evaluations) {
    double low = 0.5;
    for (const DatasetEvaluation& one : evaluations) {
        const EvaluationScores& all = one.evaluation.all;
        for (const std::optional<double>& auc : {all.frame.auc, all.video.auc})
            low = std::min(low, auc.value_or(low));
        for (const std::optional<Interval>& interval : {all.frame_intervals.auc, all.video_intervals.auc})
            if (interval) low = std::min(low, interval->low);
    }
    return {std::floor(low * 10 + 1e-9) / 10, 1};
}

bool has_intervals(const std::vector<DatasetEvaluation>& evaluations) {
    return std::ranges::any_of(evaluations, [](const DatasetEvaluation& one) {
        return one.evaluation.all.frame_intervals.auc || one.evaluation.all.video_intervals.auc;
    });
}

void add_robustness(HtmlPage& page, const std::vector<const DatasetEvaluation*>& same, AxisRange auc) {
    std::vector<std::string> charts;
    std::vector<std::vector<std::string>> rows{{"corruption", "strength"}};
    for (const char* level : {"frame", "video"})
        for (const MetricColumn& column : metric_columns)
            rows[0].push_back(fmt::format("{} {}", level, column.title));
    for (const Corruption& corruption : corruption_table()) {
        std::vector<const DatasetEvaluation*> disturbed;
        for (const DatasetEvaluation* one : same)
            if (one->protocol.corruption == corruption.name) disturbed.push_back(one);
        charts.push_back(robustness_chart(corruption, *same.front(), disturbed, auc));
    }
    for (const DatasetEvaluation* one : same) {
        std::vector<std::string>& row = rows.emplace_back();
        const bool none = one->protocol.corruption == "none";
        row = {none ? "as they are" : one->protocol.corruption,
               none ? "" : fmt::format("{}", one->protocol.strength)};
        for (const BinaryMetrics* metrics : {&one->evaluation.all.frame, &one->evaluation.all.video})
            for (const MetricColumn& column : metric_columns) row.push_back(figure(metrics->*column.value));
    }
    page.charts(charts);
    page.table("All figures", rows);
}

}  // namespace

std::vector<std::vector<std::string>> figure_rows(const Evaluation& evaluation) {
    std::vector<std::vector<std::string>> rows{{"", "real", "fake"}};
    for (const MetricColumn& column : metric_columns) rows[0].emplace_back(column.title);
    for (const EvaluationLine& line : lines_of(evaluation)) {
        const std::string level = line.video ? "videos" : "frames";
        std::vector<std::string> row{line.group == "all" ? level : line.group + " " + level,
                                     fmt::format("{}", line.metrics->real),
                                     fmt::format("{}", line.metrics->fake)};
        std::vector<std::string> bounds{"95% interval", "", ""};
        bool any = false;
        for (const MetricColumn& column : metric_columns) {
            const std::optional<Interval>& interval = line.intervals->*column.interval;
            row.push_back(figure(line.metrics->*column.value));
            bounds.push_back(interval ? fmt::format("{:.4f}–{:.4f}", interval->low, interval->high) : "");
            any = any || interval;
        }
        rows.push_back(std::move(row));
        if (any) rows.push_back(std::move(bounds));
    }
    return rows;
}

std::string evaluation_report(const std::vector<DatasetEvaluation>& evaluations) {
    HtmlPage page("Evaluation");
    page.paragraph(method_line(evaluations.front().protocol));
    for (const DatasetEvaluation& one : evaluations) {
        page.section(one.protocol.name);
        page.paragraph(protocol_line(one.protocol));
        page.table("Figures", figure_rows(one.evaluation));
        page.charts(score_charts(one.rows, one.scores, one.protocol.threshold));
    }
    return page.text();
}

std::string robustness_report(const std::vector<DatasetEvaluation>& evaluations) {
    HtmlPage page("Robustness");
    page.paragraph(method_line(evaluations.front().protocol));
    const AxisRange auc = auc_axis(evaluations);
    page.paragraph(fmt::format("Every corruption is done to the picture at the model's input size. {}",
                               has_intervals(evaluations)
                                   ? "The shaded bands are 95% intervals by bootstrap over videos."
                                   : "No intervals were computed."));
    for (size_t begin = 0; begin < evaluations.size();) {
        std::vector<const DatasetEvaluation*> same;
        do {
            same.push_back(&evaluations[begin++]);
        } while (begin < evaluations.size() && evaluations[begin].protocol.corruption != "none");
        page.section(same.front()->protocol.name);
        page.paragraph(protocol_line(same.front()->protocol));
        add_robustness(page, same, auc);
    }
    return page.text();
}

}  // namespace unmask
