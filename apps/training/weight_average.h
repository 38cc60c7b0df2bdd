// SPDX-License-Identifier: Apache-2.0
// A moving average of what training changes: a_t = a_{t-1} + s_t (w_t - a_{t-1}), s_t = 1 - min(decay,
// (1 + t) / (10 + t)) for step t = 1, 2, …, so that the first steps do not weigh for ever (Polyak & Juditsky,
// 1992; the correction is TensorFlow's). The running statistics of batch norm are averaged like the weights
// that they belong to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/ops/accumulate.h"
#include "engine/optimizer.h"
#include "models/detector.h"

namespace unmask {

class WeightAverage {
  public:
    // Begins as the present values. Both must outlive this; what the parameters leave out does not change.
    WeightAverage(FlatParameters& parameters, const Detector& detector, double decay);

    // Sets the averages to the present values.
    void begin();
    // Sends the share of step `step` (from 0) to the device.
    void prepare(int64_t step);
    // Enqueues the update; captured work repeats it with whatever prepare() sent last.
    void apply();

    // The averages by the names of parameters and statistics; they share this object's memory.
    [[nodiscard]] std::map<std::string, Tensor> state() const;
    // Copies back those that are there; what an average of other layers lacks keeps the present values.
    void load_state(const std::map<std::string, Tensor>& state);

    // Exchanges averages and present values; call it again to have them back. Waits for nothing.
    void exchange();

  private:
    FlatParameters& parameters_;
    double decay_;
    std::vector<MovedAverage> parts_;  // all parameters, then each statistic
    std::map<std::string, Tensor> named_;
    Tensor share_;  // s_t, []
};

// The averages in place of the present values while it lives; nothing happens without an average.
class AveragedWeights {
  public:
    explicit AveragedWeights(WeightAverage* average) : average_(average) {
        if (average_ != nullptr) average_->exchange();
    }
    AveragedWeights(const AveragedWeights&) = delete;
    AveragedWeights& operator=(const AveragedWeights&) = delete;
    ~AveragedWeights() {
        if (average_ != nullptr) average_->exchange();
    }

  private:
    WeightAverage* average_;
};

}  // namespace unmask
