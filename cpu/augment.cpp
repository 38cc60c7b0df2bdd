// SPDX-License-Identifier: Apache-2.0
// The augment slot: every picture of the batch augmented by itself, then normalised, mixed and padded.
#include "engine/ops/augment.h"

#include <cstring>

#include "cpu/augment_picture.h"
#include "cpu/parallel.h"
#include "engine/error.h"
#include "engine/ops/augment_pixel.h"

namespace unmask {
namespace {

int64_t partner_of(const Tensor& partner, int64_t sample) {
    const int64_t found = partner.dtype() == DType::i32 ? int64_t{partner.data<int32_t>()[sample]}
                                                        : partner.data<int64_t>()[sample];
    if (found < 0 || found >= partner.numel())
        fail("augment: expected partners in [0, {}), found {}", partner.numel(), found);
    return found;
}

template <class T>
void finish(const Tensor& pictures, Tensor& y, const AugmentParams& params) {
    const int64_t area = y.dim(1) * y.dim(2), channels = y.dim(3);
    const NormalisationScale norm = normalisation_scale(params.mean, params.deviation);
    const float share = params.lambda.defined() ? *params.lambda.data<float>() : 1.0f;
    parallel_for(y.dim(0), 1, [&](int64_t begin, int64_t end) {
        for (int64_t sample = begin; sample < end; ++sample) {
            const uint8_t* own = pictures.data<uint8_t>() + sample * area * 3;
            const uint8_t* other = own;
            if (params.partner.defined())
                other = pictures.data<uint8_t>() + partner_of(params.partner, sample) * area * 3;
            T* out = y.data<T>() + sample * area * channels;
            for (int64_t i = 0; i < area; ++i, own += 3, other += 3, out += channels) {
                for (int c = 0; c < 3; ++c) {
                    const float value = static_cast<float>(own[c]) * norm.scale[c] + norm.shift[c];
                    const float partner = static_cast<float>(other[c]) * norm.scale[c] + norm.shift[c];
                    out[c] = T(share == 1.0f ? value : share * value + (1 - share) * partner);
                }
                for (int64_t c = 3; c < channels; ++c) out[c] = T(0.0f);
            }
        }
    });
}

void forward(const Tensor& pixels, const Tensor& draws, Tensor& y, const AugmentParams& params) {
    const Tensor pictures = pixels.clone();
    const int width = static_cast<int>(pixels.dim(2)), height = static_cast<int>(pixels.dim(1));
    parallel_for(pixels.dim(0), 1, [&](int64_t begin, int64_t end) {
        for (int64_t sample = begin; sample < end; ++sample) {
            AugmentationDraw draw;
            std::memcpy(&draw, draws.data<uint8_t>() + sample * int64_t{sizeof(draw)}, sizeof(draw));
            augment_picture({pictures.data<uint8_t>() + sample * height * width * 3, width, height}, draw);
        }
    });
    if (y.dtype() == DType::f32)
        finish<float>(pictures, y, params);
    else
        finish<BFloat16>(pictures, y, params);
}

const KernelEntry forward_entry{augment_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
