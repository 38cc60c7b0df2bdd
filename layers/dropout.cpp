// SPDX-License-Identifier: Apache-2.0
#include "layers/dropout.h"

#include "engine/error.h"

namespace unmask {

Dropout::Dropout(double probability, std::string stream) : stream_(std::move(stream)) {
    if (!(probability >= 0.0 && probability < 1.0))
        fail("dropout: expected a probability in [0, 1), found {}", probability);
    params_.probability = probability;
    set_draw(0, 0);
}

Variable Dropout::forward(const Variable& x) {
    return training() ? dropout(x, params_) : x;
}

void Dropout::set_draw(uint64_t seed, uint64_t step) {
    params_.key = Philox(seed, stream_).key();
    params_.step = step;
}

}  // namespace unmask
