// SPDX-License-Identifier: Apache-2.0
#include "models/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"

namespace unmask {

void check_thresholds(const VerdictThresholds& thresholds) {
    if (!(thresholds.real_up_to >= 0 && thresholds.real_up_to <= thresholds.fake_from &&
          thresholds.fake_from <= 1))
        fail("thresholds: expected 0 <= real up to <= fake from <= 1, found {} and {}", thresholds.real_up_to,
             thresholds.fake_from);
}

void check_calibration(const Calibration& calibration) {
    if (!(calibration.temperature > 0 && std::isfinite(calibration.temperature)))
        fail("calibration: expected a positive temperature, found {}", calibration.temperature);
    if (calibration.real < 0 || calibration.fake < 0)
        fail("calibration: expected numbers of pictures of 0 or more, found {} and {}", calibration.real,
             calibration.fake);
    check_thresholds(calibration.thresholds);
}

double log_odds_of(double score) {
    constexpr double least = std::numeric_limits<double>::epsilon();
    const double p = std::clamp(score, least, 1 - least);
    return std::log(p / (1 - p));
}

double calibrated(double score, double temperature) {
    if (temperature == 1 || score <= 0 || score >= 1) return score;
    return 1 / (1 + std::exp(-log_odds_of(score) / temperature));
}

}  // namespace unmask
