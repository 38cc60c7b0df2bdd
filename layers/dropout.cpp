// SPDX-License-Identifier: Apache-2.0
#include "layers/dropout.h"

#include "engine/error.h"

namespace unmask {

DropoutDraw::DropoutDraw(double probability, std::string stream) : stream_(std::move(stream)) {
    if (!(probability >= 0.0 && probability < 1.0))
        fail("dropout: expected a probability in [0, 1), found {}", probability);
    params_.probability = probability;
    set(0, uint64_t{0});
}

void DropoutDraw::set(uint64_t seed, uint64_t step) {
    params_.key = Philox(seed, stream_).key();
    params_.step = step;
    params_.device_step = Tensor();
}

void DropoutDraw::set(uint64_t seed, Tensor device_step) {
    params_.key = Philox(seed, stream_).key();
    params_.device_step = std::move(device_step);
}

}  // namespace unmask
