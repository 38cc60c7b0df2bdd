// SPDX-License-Identifier: Apache-2.0
// The mask of engine/ops/dropout.h, for dropout and for kernels that fuse it.
#pragma once

#include <cmath>

#include "cuda/device.cuh"
#include "engine/ops/dropout.h"

namespace unmask {

struct DropoutMask {
    PhiloxKey key{};
    uint64_t step = 0;
    const int64_t* device_step = nullptr;
    uint32_t threshold = 0;  // p · 2^24 rounded up: philox_uniform(bits) >= p in whole numbers
    float scale = 1.0f;      // of what is kept
    bool active = false;

    DropoutMask() = default;
    DropoutMask(const DropoutParams& params, bool training)
        : key(params.key),
          step(params.step),
          device_step(params.device_step.defined() ? params.device_step.data<int64_t>() : nullptr),
          threshold(static_cast<uint32_t>(std::ceil(params.probability * 0x1p24))),
          scale(static_cast<float>(1.0 / (1.0 - params.probability))),
          active(training && params.probability > 0.0) {}

    // values[i], element `first` + i, is scaled or becomes 0, even where it is not finite. More than one
    // value: first is a multiple of 4.
    template <int width>
    __device__ void apply(float (&values)[width], int64_t first) const {
        static_assert(width == 1 || width % 4 == 0);
        const Philox philox(key);
        const uint64_t now = device_step != nullptr ? static_cast<uint64_t>(*device_step) : step;
        if constexpr (width == 1) {
            const PhiloxBlock words = philox.block(now, static_cast<uint64_t>(first) / 4);
            const int word = static_cast<int>(first % 4);
            const uint32_t bits = word == 0   ? words[0]
                                  : word == 1 ? words[1]
                                  : word == 2 ? words[2]
                                              : words[3];
            values[0] = (bits >> 8) >= threshold ? values[0] * scale : 0.0f;
        } else {
#pragma unroll
            for (int block = 0; block < width / 4; ++block) {
                const PhiloxBlock words =
                    philox.block(now, static_cast<uint64_t>(first) / 4 + static_cast<uint64_t>(block));
#pragma unroll
                for (int i = 0; i < 4; ++i) {
                    float& value = values[4 * block + i];
                    value = (words[i] >> 8) >= threshold ? value * scale : 0.0f;
                }
            }
        }
    }
};

}  // namespace unmask
