// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "apps/evaluation/metrics.h"
#include "apps/order_statistics.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr int most_folds = 5;
constexpr double least_temperature = 0.05, most_temperature = 100;

struct Counts {
    int64_t real = 0, fake = 0;
};

Counts count(std::span<const int> labels) {
    return {std::ranges::count(labels, 0), std::ranges::count(labels, 1)};
}

// Of the log loss with respect to b = 1 / temperature: Σ z (σ(b z) − t). It grows with b.
double slope(std::span<const double> log_odds, std::span<const double> targets, double b) {
    double sum = 0;
    for (size_t i = 0; i < log_odds.size(); ++i)
        sum += log_odds[i] * (1 / (1 + std::exp(-b * log_odds[i])) - targets[i]);
    return sum;
}

double fit_temperature(std::span<const double> scores, std::span<const int> labels) {
    const Counts counts = count(labels);
    std::vector<double> log_odds, targets;
    for (size_t i = 0; i < scores.size(); ++i) {
        log_odds.push_back(log_odds_of(scores[i]));
        targets.push_back(labels[i] == 1 ? double(counts.fake + 1) / double(counts.fake + 2)
                                         : 1 / double(counts.real + 2));
    }
    double low = std::log(1 / most_temperature), high = std::log(1 / least_temperature);
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (slope(log_odds, targets, std::exp(middle)) < 0 ? low : high) = middle;
    }
    return std::exp(-(low + high) / 2);
}

// Which fold a picture belongs to: the videos of each class in turn, as many folds as both classes have
// videos for; nothing for fewer than two.
std::vector<int> folds_of(std::span<const int> labels, std::span<const int64_t> videos, int& folds) {
    std::map<int64_t, int64_t> numbers[2];  // of the videos of each class, in the order of their numbers
    for (size_t i = 0; i < videos.size(); ++i) numbers[labels[i]].emplace(videos[i], 0);
    for (auto& of_class : numbers) {
        int64_t next = 0;
        for (auto& [video, number] : of_class) number = next++;
    }
    folds = int(std::min({size_t(most_folds), numbers[0].size(), numbers[1].size()}));
    std::vector<int> result;
    if (folds < 2) {
        folds = 0;
        return result;
    }
    for (size_t i = 0; i < videos.size(); ++i)
        result.push_back(int(numbers[labels[i]].at(videos[i]) % folds));
    return result;
}

// Fills in what held-out videos say of a fitted temperature.
void cross_validate(std::span<const double> scores, std::span<const int> labels,
                    std::span<const int64_t> videos, CalibrationFit& fit) {
    const std::vector<int> fold_of = folds_of(labels, videos, fit.folds);
    std::vector<double> held_out(scores.size());
    for (int fold = 0; fold < fit.folds; ++fold) {
        std::vector<double> other_scores;
        std::vector<int> other_labels;
        for (size_t i = 0; i < scores.size(); ++i) {
            if (fold_of[i] == fold) continue;
            other_scores.push_back(scores[i]);
            other_labels.push_back(labels[i]);
        }
        const double temperature = fit_temperature(other_scores, other_labels);
        for (size_t i = 0; i < scores.size(); ++i)
            if (fold_of[i] == fold) held_out[i] = calibrated(scores[i], temperature);
    }
    if (fit.folds == 0) return;
    fit.held_out_without = *log_loss(scores, labels);
    fit.held_out_with = *log_loss(held_out, labels);
}

VerdictThresholds fit_thresholds(std::span<const double> scores, std::span<const int> labels) {
    std::vector<double> real, fake;
    for (size_t i = 0; i < scores.size(); ++i) (labels[i] == 1 ? fake : real).push_back(scores[i]);
    std::ranges::sort(real);
    std::ranges::sort(fake);
    const double a = quantile(real, 1 - threshold_error), b = quantile(fake, threshold_error);
    return {std::min(a, b), std::max(a, b)};
}

}  // namespace

std::optional<double> expected_calibration_error(std::span<const double> scores, std::span<const int> labels,
                                                 int bins) {
    UNMASK_ASSERT(scores.size() == labels.size() && bins > 0);
    if (scores.empty()) return {};
    struct Bin {
        double scores = 0;
        int64_t fakes = 0;
    };
    std::vector<Bin> sums(static_cast<size_t>(bins));
    for (size_t i = 0; i < scores.size(); ++i) {
        Bin& bin = sums[size_t(std::clamp(int(scores[i] * bins), 0, bins - 1))];
        bin.scores += scores[i];
        bin.fakes += labels[i];
    }
    double error = 0;
    for (const Bin& bin : sums) error += std::abs(bin.scores - double(bin.fakes));
    return error / double(scores.size());
}

std::vector<double> calibrated(std::span<const double> scores, double temperature) {
    std::vector<double> result;
    result.reserve(scores.size());
    for (const double score : scores) result.push_back(calibrated(score, temperature));
    return result;
}

CalibrationError calibration_error(std::span<const double> scores, std::span<const int> labels,
                                   double temperature) {
    return {expected_calibration_error(scores, labels),
            expected_calibration_error(calibrated(scores, temperature), labels)};
}

std::optional<CalibrationFit> fit_calibration(std::span<const double> scores, std::span<const int> labels,
                                              std::span<const int64_t> videos, const std::string& data) {
    UNMASK_ASSERT(scores.size() == labels.size() && scores.size() == videos.size());
    const Counts counts = count(labels);
    if (counts.real == 0 || counts.fake == 0) return {};
    CalibrationFit fit{
        .calibration = {
            .temperature = 1, .thresholds = {}, .data = data, .real = counts.real, .fake = counts.fake}};
    cross_validate(scores, labels, videos, fit);
    if (fit.is_fitted()) fit.calibration.temperature = fit_temperature(scores, labels);
    if (std::min(counts.real, counts.fake) >= least_for_thresholds)
        fit.calibration.thresholds = fit_thresholds(calibrated(scores, fit.calibration.temperature), labels);
    return fit;
}

std::string temperature_line(const CalibrationFit& fit) {
    if (fit.folds == 0)
        return "temperature 1: not fitted, for want of two real and two fake videos to check it on";
    const std::string losses =
        fmt::format("log loss {:.4f}, without one {:.4f}", fit.held_out_with, fit.held_out_without);
    return fit.is_fitted()
               ? fmt::format("temperature {:.4f}: on held-out videos {}", fit.calibration.temperature, losses)
               : fmt::format("temperature 1: a fitted one is no better on held-out videos ({})", losses);
}

}  // namespace unmask
