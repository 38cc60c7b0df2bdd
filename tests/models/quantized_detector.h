// SPDX-License-Identifier: Apache-2.0
// A small detector that answers pictures as a trained one does, and what tests of 8-bit integers need for it.
#pragma once

#include <cmath>
#include <memory>
#include <string>

#include "engine/philox.h"
#include "models/quantization_calibrator.h"
#include "models/scoring.h"

namespace unmask {

// Each of another colour and with waves of another length, under a little noise.
inline Tensor images(int64_t batch, uint64_t seed) {
    PhiloxSequence random(seed, "images");
    Tensor result = Tensor::empty({batch, 32, 32, 3});
    float* pixel = result.data<float>();
    for (int64_t n = 0; n < batch; ++n) {
        const double across = random.uniform(0.1, 1.2), down = random.uniform(0.1, 1.2);
        const double colour[] = {random.uniform(-1.5, 1.5), random.uniform(-1.5, 1.5),
                                 random.uniform(-1.5, 1.5)};
        for (int64_t y = 0; y < 32; ++y)
            for (int64_t x = 0; x < 32; ++x)
                for (int c = 0; c < 3; ++c)
                    *pixel++ = static_cast<float>(colour[c] +
                                                  0.8 * std::sin(across * double(x) + down * double(y) + c) +
                                                  random.uniform(-0.1, 0.1));
    }
    return result;
}

inline std::unique_ptr<Detector> small_detector(const std::string& backbone, double width = 0.25) {
    auto detector = std::make_unique<Detector>(
        DetectorOptions{.backbone = backbone, .branches = 2, .width = width, .size = 32});
    detector->initialize(3);
    // Statistics as after training, without which a deep network of random weights answers with its biases
    // alone.
    const NoGrad nothing_recorded;
    for (uint64_t step = 0; step < 25; ++step) (void)detector->forward(Variable(images(8, 100 + step)));
    detector->set_training(false);
    return detector;
}

inline ActivationScales scales_of(Detector& detector) {
    QuantizationCalibrator calibrator(detector);
    for (uint64_t seed = 100; seed < 103; ++seed) calibrator.add(images(4, seed));
    return calibrator.scales(RangeRule::max);
}

// The same network and scales on any device, ready to score.
inline std::unique_ptr<Detector> quantized_detector(const std::string& backbone, Device device) {
    auto detector = small_detector(backbone);
    const ActivationScales scales = scales_of(*detector);
    detector->to(device);
    set_activation_scales(*detector, scales);
    prepare_scoring(*detector);
    return detector;
}

}  // namespace unmask
