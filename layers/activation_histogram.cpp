// SPDX-License-Identifier: Apache-2.0
#include "layers/activation_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.h"
#include "engine/ops/quantize.h"

namespace unmask {
namespace {

constexpr std::string_view rule_names[] = {"max", "percentile", "mse"};
constexpr double kept_share = 0.9999;

}  // namespace

RangeRule parse_range_rule(std::string_view name) {
    for (size_t i = 0; i < std::size(rule_names); ++i)
        if (rule_names[i] == name) return static_cast<RangeRule>(i);
    fail("range: expected max, percentile or mse, found '{}'", name);
}

std::string_view name_of(RangeRule rule) {
    return rule_names[static_cast<size_t>(rule)];
}

// Makes the bins reach beyond `largest`; neighbours are put together.
void ActivationHistogram::widen(float largest) {
    if (width_ == 0.0) width_ = std::exp2(std::floor(std::log2(double(largest))) + 1) / bins;
    while (double(largest) >= width_ * bins) {
        for (size_t i = 0; i < bins / 2; ++i) counts_[i] = counts_[2 * i] + counts_[2 * i + 1];
        std::fill(counts_.begin() + bins / 2, counts_.end(), 0);
        width_ *= 2;
    }
}

void ActivationHistogram::add(const Tensor& values) {
    const Tensor here = values.to(cpu_device).to(DType::f32);
    const float* x = here.data<float>();
    float largest = 0.0f;
    for (int64_t i = 0; i < here.numel(); ++i) {
        if (!std::isfinite(x[i])) fail("calibration: expected finite activations, found {}", x[i]);
        largest = std::max(largest, std::abs(x[i]));
    }
    if (largest == 0.0f) return;
    largest_ = std::max(largest_, largest);
    widen(largest);
    for (int64_t i = 0; i < here.numel(); ++i)
        if (x[i] != 0.0f) ++counts_[static_cast<size_t>(std::abs(double(x[i])) / width_)];
}

// The largest value that is kept.
double ActivationHistogram::limit(int levels, RangeRule rule) const {
    if (rule == RangeRule::max) return double(largest_);
    int64_t total = 0;
    for (const int64_t count : counts_) total += count;
    if (rule == RangeRule::percentile) {
        int64_t kept = 0;
        for (size_t i = 0; i < bins; ++i) {
            kept += counts_[i];
            if (double(kept) >= kept_share * double(total))
                return std::min(double(i + 1) * width_, double(largest_));
        }
    }
    double best = double(largest_), least = std::numeric_limits<double>::infinity();
    for (size_t end = 1; end <= bins; ++end) {
        const double candidate = std::min(double(end) * width_, double(largest_));
        const double step = candidate / levels;
        double error = 0.0;
        for (size_t i = 0; i < bins; ++i) {
            if (counts_[i] == 0) continue;
            const double value = (double(i) + 0.5) * width_;
            const double level = std::min(std::nearbyint(value / step) * step, candidate);
            const double distance = value - level;
            // Within a bin that is wider than a step every distance is as likely.
            const bool spread = i < end && step < width_;
            error += double(counts_[i]) * (spread ? step * step / 12 : distance * distance);
        }
        if (error < least) {
            least = error;
            best = candidate;
        }
    }
    return best;
}

float ActivationHistogram::scale(DType dtype, RangeRule rule) const {
    if (largest_ == 0.0f) return 1.0f;
    const int levels = largest_level(dtype);
    // Never so small that it is 0 in float32.
    return std::max(static_cast<float>(limit(levels, rule) / levels), std::numeric_limits<float>::min());
}

}  // namespace unmask
