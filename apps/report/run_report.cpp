// SPDX-License-Identifier: Apache-2.0
#include "apps/report/run_report.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/counted.h"
#include "apps/evaluation/evaluation_lines.h"
#include "apps/evaluation/score_file.h"
#include "apps/json_text.h"
#include "apps/progress.h"
#include "apps/report/charts.h"
#include "apps/report/evaluation_report.h"
#include "apps/report/html.h"
#include "apps/report/score_charts.h"
#include "apps/training/run_record.h"
#include "engine/error.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;
using Value = std::function<std::optional<double>(const EpochRecord&)>;

ChartSeries series_of(const std::string& name, const std::vector<EpochRecord>& epochs, const Value& value) {
    ChartSeries series{name, {}};
    for (const EpochRecord& epoch : epochs)
        series.points.push_back(
            {double(epoch.epoch), value(epoch).value_or(std::numeric_limits<double>::quiet_NaN())});
    return series;
}

bool any_value(const ChartSeries& series) {
    for (const ChartPoint& point : series.points)
        if (std::isfinite(point.y)) return true;
    return false;
}

std::string epoch_chart(const std::string& title, const std::string& description,
                        std::vector<ChartSeries> series, std::optional<AxisRange> possible = {}) {
    const bool few = series.front().points.size() <= 12;
    return line_chart({.title = title,
                       .description = description,
                       .x_name = "epoch",
                       .series = std::move(series),
                       .whole_x = true,
                       .dots = few,
                       .possible_y = possible});
}

std::vector<std::string> loss_charts(const std::vector<EpochRecord>& epochs) {
    const std::vector<std::pair<std::string, Value>> terms{
        {"Whole loss", [](const EpochRecord& e) { return std::optional(e.loss.total); }},
        {"Classification", [](const EpochRecord& e) { return e.loss.classification; }},
        {"Global information", [](const EpochRecord& e) { return e.loss.global_information; }},
        {"Local information", [](const EpochRecord& e) { return e.loss.local_information; }}};
    std::vector<std::string> charts;
    for (const auto& [name, value] : terms) {
        ChartSeries series = series_of(name, epochs, value);
        if (any_value(series))
            charts.push_back(
                epoch_chart(name, "Mean over the training pictures of each epoch.", {std::move(series)}));
    }
    return charts;
}

std::vector<std::string> validation_charts(const std::vector<EpochRecord>& epochs) {
    std::vector<std::string> charts;
    for (const MetricColumn& column : metric_columns) {
        const auto level = [&](BinaryMetrics EvaluationScores::*which) {
            return [&column, which](const EpochRecord& epoch) {
                return epoch.validation ? (*epoch.validation).*which.*column.value : std::optional<double>();
            };
        };
        std::vector<ChartSeries> series{series_of("frames", epochs, level(&EvaluationScores::frame)),
                                        series_of("videos", epochs, level(&EvaluationScores::video))};
        if (any_value(series[0]) || any_value(series[1]))
            charts.push_back(epoch_chart(
                fmt::format("Validation {}", column.title),
                "On the validation pictures after each epoch, by frame and by video.", std::move(series),
                column.value == &BinaryMetrics::log_loss ? std::nullopt : std::optional(AxisRange{0, 1})));
    }
    return charts;
}

std::vector<std::string> course_charts(const std::vector<EpochRecord>& epochs) {
    return {
        epoch_chart(
            "Learning rate", "Of the last step of each epoch.",
            {series_of("rate", epochs, [](const EpochRecord& e) { return std::optional(e.learning_rate); })}),
        epoch_chart("Training images a second", "Mean over each epoch.",
                    {series_of("images/s", epochs,
                               [](const EpochRecord& e) { return std::optional(e.images_per_second); })})};
}

std::string text_of(const Json& json) {
    return json.is_string() ? json.get<std::string>() : json_text(json, -1);
}

void add_scores(HtmlPage& page, const std::filesystem::path& run, const Json& record) {
    page.section("Validation of the best model");
    const std::filesystem::path file = run / validation_scores_name;
    if (!std::filesystem::exists(file)) {
        page.paragraph(fmt::format("{} is not there: no scores to draw.", validation_scores_name));
        return;
    }
    const ScoredRows scored = read_scores(file);
    const BootstrapOptions bootstrap;
    const std::string manifest = record.at("data").at("manifest");
    Protocol protocol{.data = manifest,
                      .split = "val",
                      .input_size = record.at("configuration").at("model").at("size").get<int>()};
    describe_rows(protocol, scored.rows, manifest);
    page.paragraph(protocol_line(protocol));
    page.paragraph(fmt::format(
        "Fake is the positive class; ACC at threshold 0.5; a video's score is the mean of its frames'. "
        "Intervals: {} resamples of the videos.",
        bootstrap.resamples));
    page.table("Figures", figure_rows(evaluate_scores(scored.rows, scored.scores, 0.5, bootstrap)));
    page.charts(score_charts(scored.rows, scored.scores, 0.5));
}

void add_settings(HtmlPage& page, const Json& record) {
    page.section("How it was made");
    std::vector<std::pair<std::string, std::string>> settings, build;
    for (const auto& [section, values] : record.at("configuration").items())
        for (const auto& [name, value] : values.items())
            settings.emplace_back(section + "." + name, text_of(value));
    for (const auto& [name, value] : record.at("build").items()) build.emplace_back(name, text_of(value));
    page.details("Settings", settings);
    page.details("Build", build);
}

std::vector<std::pair<std::string, std::string>> facts_of(const Json& record, size_t epochs) {
    const Json &data = record.at("data"), &results = record.at("results");
    std::vector<std::pair<std::string, std::string>> facts{
        {"Status", text_of(record.at("status"))},
        {"Best epoch", fmt::format("{} of {}", text_of(results.at("best_epoch")), epochs)},
        {"Data", fmt::format("{} (hash {})", text_of(data.at("manifest")), text_of(data.at("hash")))},
        {"Pictures", fmt::format("{} to train on, {} to validate on", text_of(data.at("train_pictures")),
                                 text_of(data.at("val_pictures")))},
        {"Seed", text_of(record.at("seed"))},
        {"Computed on",
         fmt::format("{}, {}, {}", text_of(record.at("device")), record.value("precision", "f32"),
                     counted(record.at("threads").get<int>(), "thread", "threads"))},
        {"Parameters", text_of(record.at("parameters"))},
        {"Time", clock_text(results.at("seconds").get<double>())},
        {"Version", "unmask " + text_of(record.at("version"))}};
    return facts;
}

std::vector<EpochRecord> epochs_of(const std::filesystem::path& file, const std::string& text) try {
    return recorded_run(text).epochs;
} catch (const Error& error) {
    fail("{}: {}", file.string(), error.what());
}

}  // namespace

std::string run_report(const std::filesystem::path& run) {
    const std::filesystem::path file = run / "run.json";
    std::ifstream stream(file, std::ios::binary);
    if (!stream) fail("{}: cannot be read: no run to report on", file.string());
    std::ostringstream text;
    text << stream.rdbuf();
    try {
        const std::vector<EpochRecord> epochs = epochs_of(file, text.str());
        const Json record = Json::parse(text.str());
        HtmlPage page(
            fmt::format("Training run “{}”", std::filesystem::weakly_canonical(run).filename().string()));
        page.facts(facts_of(record, epochs.size()));
        if (epochs.empty()) {
            page.paragraph("No epoch was finished.");
        } else {
            add_scores(page, run, record);
            page.section("Loss terms by epoch");
            page.charts(loss_charts(epochs));
            const std::vector<std::string> validation = validation_charts(epochs);
            if (!validation.empty()) {
                page.section("Validation by epoch");
                page.charts(validation);
            }
            page.section("Course");
            page.charts(course_charts(epochs));
        }
        add_settings(page, record);
        return page.text();
    } catch (const Json::exception& error) {
        fail("{}: is not the record of a run: {}", file.string(), json_damage(error));
    }
}

}  // namespace unmask
