// SPDX-License-Identifier: Apache-2.0
// Metrics as JSON; for the few sources that write JSON.
#pragma once

#include "apps/evaluation/metrics.h"
#include "apps/json_text.h"

namespace unmask {

inline nlohmann::ordered_json json_of(const BinaryMetrics& metrics) {
    return {{"real", metrics.real},
            {"fake", metrics.fake},
            {"accuracy", json_of(metrics.accuracy)},
            {"auc", json_of(metrics.auc)},
            {"eer", json_of(metrics.eer)},
            {"average_precision", json_of(metrics.average_precision)},
            {"log_loss", json_of(metrics.log_loss)}};
}

// The reverse; the library's own exceptions for another form.
inline std::optional<double> optional_of(const nlohmann::ordered_json& json) {
    if (json.is_null()) return {};
    return json.get<double>();
}

inline BinaryMetrics metrics_of(const nlohmann::ordered_json& json) {
    return {.real = json.at("real"),
            .fake = json.at("fake"),
            .accuracy = optional_of(json.at("accuracy")),
            .auc = optional_of(json.at("auc")),
            .eer = optional_of(json.at("eer")),
            .average_precision = optional_of(json.at("average_precision")),
            .log_loss = optional_of(json.at("log_loss"))};
}

}  // namespace unmask
