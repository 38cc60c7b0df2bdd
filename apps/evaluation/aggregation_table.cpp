// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/aggregation_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/detection/aggregation.h"
#include "apps/evaluation/calibration.h"
#include "apps/evaluation/evaluation_lines.h"

namespace unmask {
namespace {

std::string figure_column(const std::optional<double>& value) {
    return value ? fmt::format("{:>10.4f}", *value) : fmt::format("{:>10}", "n/a");
}

}  // namespace

std::vector<AggregationFigures> aggregation_figures(const DatasetEvaluation& one) {
    const double temperature = one.calibration ? one.calibration->temperature : 1;
    const std::vector<int64_t> numbers = video_numbers(one.rows);
    const size_t count = numbers.empty() ? 0 : size_t(*std::ranges::max_element(numbers)) + 1;
    std::vector<std::vector<double>> scores(count);
    std::vector<int> labels(count, 0);
    for (size_t i = 0; i < one.rows.size(); ++i) {
        scores[size_t(numbers[i])].push_back(calibrated(one.scores[i], temperature));
        labels[size_t(numbers[i])] = one.rows[i].label;
    }
    std::vector<AggregationFigures> figures;
    for (const Aggregation& aggregation : aggregation_table()) {
        std::vector<double> videos;
        for (const std::vector<double>& video : scores) videos.push_back(aggregation.aggregate(video));
        figures.push_back({std::string(aggregation.name),
                           binary_metrics(videos, labels, one.protocol.threshold),
                           expected_calibration_error(videos, labels)});
    }
    return figures;
}

std::string aggregation_text(const std::vector<DatasetEvaluation>& evaluations) {
    std::string text;
    for (const DatasetEvaluation& one : evaluations) {
        text += fmt::format("\n{}, by video\n{:<16}", one.protocol.name, "");
        for (const MetricColumn& column : metric_columns) text += fmt::format("{:>10}", column.title);
        text += fmt::format("{:>10}\n", "ECE");
        for (const AggregationFigures& line : aggregation_figures(one)) {
            text += fmt::format("{:<16}", line.name);
            for (const MetricColumn& column : metric_columns)
                text += figure_column(line.metrics.*column.value);
            text += figure_column(line.calibration_error) + "\n";
        }
    }
    return text;
}

}  // namespace unmask
