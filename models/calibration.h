// SPDX-License-Identifier: Apache-2.0
// What a detector's answers are corrected by, and where they become verdicts: kept in its model file, fitted
// by apps/evaluation/calibration.h.
#pragma once

#include <cstdint>
#include <string>

namespace unmask {

// Where scores (probabilities of fake) become verdicts: real up to the first, fake from the second, undecided
// between. Both in [0, 1], the first at most the second; where they are the same, fake from there up.
struct VerdictThresholds {
    double real_up_to = 0.5, fake_from = 0.5;
    bool operator==(const VerdictThresholds&) const = default;
};

// Error for numbers out of range or order.
void check_thresholds(const VerdictThresholds& thresholds);

// Temperature scaling (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017): p(fake) =
// 1 / (1 + e^(-z / temperature)), z the difference of the two logits.
struct Calibration {
    double temperature = 1;  // positive; above 1 the scores come closer to 1/2
    VerdictThresholds thresholds;
    std::string data;            // what it was fitted on, for people
    int64_t real = 0, fake = 0;  // pictures that it was fitted on
    bool operator==(const Calibration&) const = default;
};

// Error for a temperature that is not positive, or thresholds out of range.
void check_calibration(const Calibration& calibration);

// temperature applied to a probability of fake that was computed without one; 0 and 1 stay.
[[nodiscard]] double calibrated(double score, double temperature);
// log(p / (1 - p)), p clipped to [2^-52, 1 - 2^-52].
[[nodiscard]] double log_odds_of(double score);

}  // namespace unmask
