// SPDX-License-Identifier: Apache-2.0
#include "apps/report/score_charts.h"

#include <fmt/format.h>

#include "apps/evaluation/curves.h"
#include "apps/evaluation/evaluator.h"
#include "apps/report/charts.h"

namespace unmask {
namespace {

constexpr int bins = 20;

struct Level {
    const char* name;  // "frames"
    std::vector<double> scores;
    std::vector<int> labels;
};

ChartSeries roc_series(const Level& level) {
    ChartSeries series{level.name, {}};
    for (const RocPoint& point : roc_curve(level.scores, level.labels))
        series.points.push_back({point.false_positive, point.true_positive});
    return series;
}

std::string histogram_of(const Level& level, double threshold) {
    return histogram_chart(
        {.title = fmt::format("Scores of {}", level.name),
         .description = fmt::format("How the probabilities of fake of real and of fake {} are spread; the "
                                    "dotted line is the threshold {}.",
                                    level.name, threshold),
         .x_name = "probability of fake",
         .y_name = "share of the class",
         .names = {"real", "fake"},
         .counts = score_histogram(level.scores, level.labels, bins),
         .mark = threshold});
}

std::string confusion_of_level(const Level& level, double threshold) {
    const Confusion counts = confusion_of(level.scores, level.labels, threshold);
    return confusion_chart(
        fmt::format("Confusion matrix of {}, threshold {}", level.name, threshold),
        fmt::format("Of real {}: {} answered real, {} fake. Of fake {}: {} answered real, {} fake.",
                    level.name, counts[0][0], counts[0][1], level.name, counts[1][0], counts[1][1]),
        counts);
}

}  // namespace

std::vector<std::string> score_charts(std::span<const ManifestRow> rows, std::span<const double> scores,
                                      double threshold) {
    Level frames{"frames", {scores.begin(), scores.end()}, {}};
    for (const ManifestRow& row : rows) frames.labels.push_back(row.label);
    VideoScores by_video = video_scores(rows, scores);
    const Level videos{"videos", std::move(by_video.scores), std::move(by_video.labels)};
    std::vector<std::string> charts;
    LineChart roc{.title = "ROC curve",
                  .description =
                      "True positive rate against false positive rate for every threshold; the "
                      "dotted line is chance.",
                  .x_name = "real taken for fake",
                  .y_name = "fake found",
                  .series = {roc_series(frames), roc_series(videos)},
                  .diagonal = true,
                  .x = AxisRange{0, 1},
                  .y = AxisRange{0, 1}};
    if (!roc.series[0].points.empty()) charts.push_back(line_chart(roc));
    charts.push_back(histogram_of(frames, threshold));
    charts.push_back(histogram_of(videos, threshold));
    charts.push_back(confusion_of_level(frames, threshold));
    charts.push_back(confusion_of_level(videos, threshold));
    return charts;
}

}  // namespace unmask
