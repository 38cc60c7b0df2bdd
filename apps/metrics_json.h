// SPDX-License-Identifier: Apache-2.0
// Metrics as JSON; for the few sources that write JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "apps/metrics.h"

namespace unmask {

inline nlohmann::ordered_json json_of(const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

inline nlohmann::ordered_json json_of(const BinaryMetrics& metrics) {
    return {{"real", metrics.real},
            {"fake", metrics.fake},
            {"accuracy", json_of(metrics.accuracy)},
            {"auc", json_of(metrics.auc)},
            {"eer", json_of(metrics.eer)},
            {"average_precision", json_of(metrics.average_precision)},
            {"log_loss", json_of(metrics.log_loss)}};
}

}  // namespace unmask
