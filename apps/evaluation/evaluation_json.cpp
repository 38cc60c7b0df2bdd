// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/aggregation_table.h"
#include "apps/evaluation/evaluation_lines.h"
#include "apps/evaluation/evaluation_text.h"
#include "apps/evaluation/metrics_json.h"
#include "apps/json_text.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const BinaryMetrics& metrics, const MetricIntervals& intervals) {
    Json json = unmask::json_of(metrics);
    Json bounds = Json::object();
    for (const MetricColumn& column : metric_columns) {
        const std::optional<Interval>& interval = intervals.*column.interval;
        bounds[column.name] = interval ? Json{interval->low, interval->high} : Json(nullptr);
    }
    json["intervals"] = std::move(bounds);
    return json;
}

Json json_of(const Protocol& protocol) {
    return {{"model", protocol.model},
            {"data", protocol.data},
            {"dataset", protocol.dataset},
            {"split", protocol.split},
            {"videos", protocol.videos},
            {"frames_a_video", {protocol.least_frames, protocol.most_frames}},
            {"forgeries", protocol.forgeries},
            {"compression", protocol.compression},
            {"crop", protocol.crop},
            {"input_size", protocol.input_size},
            {"corruption", protocol.corruption},
            {"strength", protocol.corruption == "none" ? Json(nullptr) : Json(protocol.strength)},
            {"levels", "frame: every picture; video: mean of its pictures' probabilities of fake"},
            {"threshold", protocol.threshold},
            {"bootstrap",
             {{"over", "videos"},
              {"resamples", protocol.bootstrap.resamples},
              {"seed", protocol.bootstrap.seed},
              {"confidence", 0.95}}}};
}

Json calibration_json(const DatasetEvaluation& one) {
    Json json{{"temperature", nullptr},
              {"real_up_to", nullptr},
              {"fake_from", nullptr},
              {"ece", unmask::json_of(one.calibration_error.before)},
              {"calibrated_ece", unmask::json_of(one.calibration_error.after)}};
    if (!one.calibration) return json;
    json["temperature"] = one.calibration->temperature;
    json["real_up_to"] = one.calibration->thresholds.real_up_to;
    json["fake_from"] = one.calibration->thresholds.fake_from;
    return json;
}

}  // namespace

std::string evaluation_answer(const std::vector<DatasetEvaluation>& evaluations, bool aggregations) {
    Json results = Json::array();
    for (const DatasetEvaluation& one : evaluations) {
        Json methods = Json::array();
        for (const MethodScores& method : one.evaluation.methods)
            methods.push_back({{"dataset", method.dataset},
                               {"method", method.method},
                               {"frame", json_of(method.scores.frame, method.scores.frame_intervals)},
                               {"video", json_of(method.scores.video, method.scores.video_intervals)}});
        const EvaluationScores& all = one.evaluation.all;
        results.push_back({{"name", one.protocol.name},
                           {"protocol", json_of(one.protocol)},
                           {"frame", json_of(all.frame, all.frame_intervals)},
                           {"video", json_of(all.video, all.video_intervals)},
                           {"calibration", calibration_json(one)},
                           {"methods", std::move(methods)}});
        if (!aggregations) continue;
        Json ways = Json::array();
        for (const AggregationFigures& way : aggregation_figures(one)) {
            Json json{{"name", way.name}};
            json.update(unmask::json_of(way.metrics));
            json["ece"] = unmask::json_of(way.calibration_error);
            ways.push_back(std::move(json));
        }
        results.back()["aggregations"] = std::move(ways);
    }
    return json_text({{"results", std::move(results)}});
}

std::string evaluation_answer(const std::vector<DatasetEvaluation>& evaluations) {
    return evaluation_answer(evaluations, false);
}

}  // namespace unmask
