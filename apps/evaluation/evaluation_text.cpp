// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/evaluation_text.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "apps/evaluation/evaluation_lines.h"
#include "data/csv_file.h"

namespace unmask {
namespace {

std::string figure(const std::optional<double>& value) {
    return value ? fmt::format("{:.4f}", *value) : "n/a";
}

std::string interval_text(const std::optional<Interval>& interval) {
    return interval ? fmt::format("{:.4f}-{:.4f}", interval->low, interval->high) : "";
}

bool has_intervals(const MetricIntervals& intervals) {
    return std::ranges::any_of(metric_columns,
                               [&](const MetricColumn& c) { return (intervals.*c.interval).has_value(); });
}

constexpr int name_width = 32, count_width = 8, figure_width = 15;

std::string head() {
    std::string text =
        fmt::format("{:<{}}{:>{}}{:>{}}", "", name_width, "real", count_width, "fake", count_width);
    for (const MetricColumn& column : metric_columns)
        text += fmt::format("{:>{}}", column.title, figure_width);
    return text + "\n";
}

std::string table_lines(const std::string& name, const EvaluationLine& line) {
    std::string text = fmt::format("{:<{}}{:>{}}{:>{}}", name, name_width, line.metrics->real, count_width,
                                   line.metrics->fake, count_width);
    for (const MetricColumn& column : metric_columns)
        text += fmt::format("{:>{}}", figure(line.metrics->*column.value), figure_width);
    text += "\n";
    if (!has_intervals(*line.intervals)) return text;
    text += fmt::format("{:<{}}", "", name_width + 2 * count_width);
    for (const MetricColumn& column : metric_columns)
        text += fmt::format("{:>{}}", interval_text(line.intervals->*column.interval), figure_width);
    return text + "\n";
}

const char* level_name(const EvaluationLine& line) {
    return line.video ? "videos" : "frames";
}

// The lines of a table, each headed by the data's name where there are several.
std::string table_of(const Evaluation& evaluation, const std::string& name) {
    std::string text;
    for (const EvaluationLine& line : lines_of(evaluation)) {
        const std::string what =
            line.group == "all" ? level_name(line) : fmt::format("{} {}", line.group, level_name(line));
        text += table_lines(name.empty() ? what : fmt::format("{} {}", name, what), line);
    }
    return text;
}

std::string corruption_text(const Protocol& protocol) {
    if (protocol.corruption == "none") return "none";
    return fmt::format("{} {}", protocol.corruption, protocol.strength);
}

// A | in a name would end its cell.
std::string markdown_cell(const std::string& text) {
    std::string cell;
    for (const char character : text) {
        if (character == '|') cell += '\\';
        cell += character == '\n' ? ' ' : character;
    }
    return cell;
}

}  // namespace

std::vector<EvaluationLine> lines_of(const Evaluation& evaluation) {
    std::vector<EvaluationLine> lines;
    const auto add = [&](const std::string& group, const EvaluationScores& scores) {
        lines.push_back({group, false, &scores.frame, &scores.frame_intervals});
        lines.push_back({group, true, &scores.video, &scores.video_intervals});
    };
    add("all", evaluation.all);
    for (const MethodScores& method : evaluation.methods)
        add(method.dataset.empty() ? method.method : method.dataset + "/" + method.method, method.scores);
    return lines;
}

std::string evaluation_text(const Evaluation& evaluation) {
    return head() + table_of(evaluation, "");
}

std::string evaluation_text(const std::vector<DatasetEvaluation>& evaluations) {
    std::string text;
    for (const DatasetEvaluation& one : evaluations) text += protocol_line(one.protocol) + "\n";
    if (!evaluations.empty()) text += method_line(evaluations.front().protocol) + "\n\n";
    text += head();
    for (const DatasetEvaluation& one : evaluations)
        text += table_of(one.evaluation, evaluations.size() > 1 ? one.protocol.name : "");
    for (const DatasetEvaluation& one : evaluations) text += calibration_line(one) + "\n";
    return text;
}

std::string calibration_line(const DatasetEvaluation& evaluation) {
    const CalibrationError& error = evaluation.calibration_error;
    const std::string begin = fmt::format("{} frames: expected calibration error {}",
                                          evaluation.protocol.name, figure(error.before));
    if (!evaluation.calibration) return begin + "; the model is not calibrated (unmask calibrate)";
    return fmt::format("{}, with the model's temperature of {:.3f} {}", begin,
                       evaluation.calibration->temperature, figure(error.after));
}

std::string evaluation_markdown(const std::vector<DatasetEvaluation>& evaluations) {
    std::string text =
        "| data | split | frames a video | compression | crop | corruption | level | of | real | fake |";
    for (const MetricColumn& column : metric_columns) text += fmt::format(" {} |", column.title);
    text += "\n|---|---|---|---|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|\n";
    for (const DatasetEvaluation& one : evaluations) {
        const Protocol& protocol = one.protocol;
        for (const EvaluationLine& line : lines_of(one.evaluation)) {
            text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                                markdown_cell(protocol.name), protocol.split, frames_text(protocol),
                                markdown_cell(protocol.compression), markdown_cell(protocol.crop),
                                corruption_text(protocol), line.video ? "video" : "frame",
                                markdown_cell(line.group), line.metrics->real, line.metrics->fake);
            for (const MetricColumn& column : metric_columns) {
                const std::string interval = interval_text(line.intervals->*column.interval);
                text += fmt::format(" {}{} |", figure(line.metrics->*column.value),
                                    interval.empty() ? "" : fmt::format(" ({})", interval));
            }
            text += "\n";
        }
    }
    text += "\n";
    for (const DatasetEvaluation& one : evaluations)
        text += fmt::format("- {}\n- {}\n", markdown_cell(protocol_line(one.protocol)),
                            markdown_cell(calibration_line(one)));
    if (!evaluations.empty()) {
        const Protocol& protocol = evaluations.front().protocol;
        text += fmt::format("- {}", markdown_cell(method_line(protocol)));
    }
    return text;
}

std::string evaluation_csv(const std::vector<DatasetEvaluation>& evaluations) {
    std::vector<std::string> cells{"model",
                                   "data",
                                   "dataset",
                                   "split",
                                   "videos",
                                   "least_frames_a_video",
                                   "most_frames_a_video",
                                   "forgeries",
                                   "compression",
                                   "crop",
                                   "input_size",
                                   "corruption",
                                   "strength",
                                   "level",
                                   "threshold",
                                   "bootstrap",
                                   "seed",
                                   "of",
                                   "real",
                                   "fake"};
    for (const MetricColumn& column : metric_columns)
        for (const char* part : {"", "_low", "_high"})
            cells.push_back(fmt::format("{}{}", column.name, part));
    cells.insert(cells.end(), {"temperature", "ece", "calibrated_ece"});
    std::string text = fmt::format("{}", fmt::join(cells, ","));
    const auto number = [](double value) { return fmt::format("{}", value); };
    for (const DatasetEvaluation& one : evaluations) {
        const Protocol& p = one.protocol;
        for (const EvaluationLine& line : lines_of(one.evaluation)) {
            cells = {p.model,
                     p.data,
                     p.dataset,
                     p.split,
                     fmt::format("{}", p.videos),
                     fmt::format("{}", p.least_frames),
                     fmt::format("{}", p.most_frames),
                     p.forgeries,
                     p.compression,
                     p.crop,
                     fmt::format("{}", p.input_size),
                     p.corruption,
                     p.corruption == "none" ? "" : number(p.strength),
                     line.video ? "video" : "frame",
                     number(p.threshold),
                     fmt::format("{}", p.bootstrap.resamples),
                     fmt::format("{}", p.bootstrap.seed),
                     line.group,
                     fmt::format("{}", line.metrics->real),
                     fmt::format("{}", line.metrics->fake)};
            for (const MetricColumn& column : metric_columns) {
                const std::optional<double>& value = line.metrics->*column.value;
                const std::optional<Interval>& interval = line.intervals->*column.interval;
                cells.push_back(value ? number(*value) : "");
                cells.push_back(interval ? number(interval->low) : "");
                cells.push_back(interval ? number(interval->high) : "");
            }
            const bool measured = !line.video && line.group == "all";
            cells.push_back(measured && one.calibration ? number(one.calibration->temperature) : "");
            cells.push_back(measured && one.calibration_error.before ? number(*one.calibration_error.before)
                                                                     : "");
            cells.push_back(measured && one.calibration_error.after ? number(*one.calibration_error.after)
                                                                    : "");
            for (std::string& cell : cells) cell = csv_field(cell);
            text += fmt::format("\n{}", fmt::join(cells, ","));
        }
    }
    return text;
}

}  // namespace unmask
