// SPDX-License-Identifier: Apache-2.0
// Whether scores mean what they say: a tenth of all that score 0.1 should be fake. Measuring that, and
// fitting the temperature and the thresholds that a model file keeps (models/calibration.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/calibration.h"

namespace unmask {

// Expected calibration error (Naeini et al., AAAI 2015; Guo et al., ICML 2017): over bins of equal width,
// Σ (share of the scores in the bin) · |mean score − share of fakes|. Nothing without scores. scores[i] is a
// probability of fake, labels[i] 0 (real) or 1 (fake).
[[nodiscard]] std::optional<double> expected_calibration_error(std::span<const double> scores,
                                                               std::span<const int> labels, int bins = 15);

// Before and after the temperature.
struct CalibrationError {
    std::optional<double> before{}, after{};
};
[[nodiscard]] CalibrationError calibration_error(std::span<const double> scores, std::span<const int> labels,
                                                 double temperature);

// What fit_calibration needs of each class before it fits thresholds.
inline constexpr int64_t least_for_thresholds = 20;
// The share of each class that may lie on the other's side of the band.
inline constexpr double threshold_error = 0.05;

struct CalibrationFit {
    Calibration calibration;
    int folds = 0;  // of the cross-validation; 0: there were too few videos for one
    // Of every picture, by its label: without a temperature, and with the one that was fitted on the videos
    // of the other folds.
    double held_out_without = 0, held_out_with = 0;  // mean log loss
    // Whether the temperature is a fitted one, which it is where that lowers the log loss of held-out videos;
    // else it is 1.
    [[nodiscard]] bool is_fitted() const { return folds > 0 && held_out_with < held_out_without; }
};

// From uncalibrated scores of pictures that the model was not trained on; videos[i] is which video picture i
// is of (video_numbers).
//
// Temperature: the one with the least log loss against Platt's targets ("Probabilistic Outputs for Support
// Vector Machines", 1999), (f + 1) / (f + 2) for the f fakes and 1 / (r + 2) for the r reals, which keep it
// finite where the classes are told apart without an error. Between 0.05 and 100. Few pictures fit it to
// chance: it is kept only where it proves itself in a cross-validation of up to 5 folds, each of whole videos
// and of as many of each class as the next; without two videos of each class it is 1.
//
// Thresholds, in calibrated scores: the band between the scores that 5% of the reals lie above and 5% of the
// fakes below, whichever is lower: what lies in it looks like both classes, or like neither. 1/2 without a
// band where a class has fewer than least_for_thresholds pictures.
//
// Nothing unless both classes are there. `data` is kept with it.
[[nodiscard]] std::optional<CalibrationFit> fit_calibration(std::span<const double> scores,
                                                            std::span<const int> labels,
                                                            std::span<const int64_t> videos,
                                                            const std::string& data);
// The temperature and why it is that, in a line for people.
[[nodiscard]] std::string temperature_line(const CalibrationFit& fit);

// The scores with the temperature applied.
[[nodiscard]] std::vector<double> calibrated(std::span<const double> scores, double temperature);

}  // namespace unmask
