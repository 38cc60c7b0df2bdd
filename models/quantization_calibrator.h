// SPDX-License-Identifier: Apache-2.0
// Finds the scales of a detector's activations on pictures like those that it will see.
#pragma once

#include <memory>
#include <set>
#include <vector>

#include "layers/activation_histogram.h"
#include "layers/conv_norm_activation.h"
#include "layers/evaluation_mode.h"
#include "models/quantization.h"

namespace unmask {

class QuantizationCalibrator {
  public:
    // The detector, in float32, is in inference mode, prepared and at first without scales while this lives;
    // it must outlive this and stay on its device. Error for a backbone that has no form in integers, whose
    // detector is then as before but without scales.
    explicit QuantizationCalibrator(Detector& detector);
    QuantizationCalibrator(const QuantizationCalibrator&) = delete;
    QuantizationCalibrator& operator=(const QuantizationCalibrator&) = delete;
    ~QuantizationCalibrator();

    // Images [n, size, size, 3] as for Detector::infer.
    void add(const Tensor& images);
    [[nodiscard]] int64_t images() const { return images_; }
    // Of what was seen. Error when that is nothing.
    [[nodiscard]] ActivationScales scales(RangeRule rule) const;

  private:
    struct Observed {
        std::string name;  // without the suffix
        ConvNormActivation* block;
        std::shared_ptr<ConvNormActivation::Seen> seen;
    };
    void observe_all();
    void stop();

    Detector& detector_;
    EvaluationMode mode_;
    ScheduleScope schedule_;
    std::vector<Observed> blocks_;
    std::set<ConvNormActivation*> firsts_;  // of their branch: their input is the image
    int64_t images_ = 0;
};

}  // namespace unmask
