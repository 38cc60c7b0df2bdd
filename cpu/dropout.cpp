// SPDX-License-Identifier: Apache-2.0
// Dropout: the mask is drawn again wherever it is needed, 16 blocks of Philox side by side.
#include "engine/ops/dropout.h"

#include <cmath>

#include "cpu/dispatch.h"
#include "cpu/parallel.h"

namespace unmask {
namespace {

constexpr int lanes = 16;
constexpr int64_t group = 4 * lanes;  // elements

// words[4 · block + word] of `lanes` blocks from `index` on; Philox::block for all of them in vector
// instructions.
void draw_blocks(PhiloxKey key, uint64_t step, uint64_t index, uint32_t* words) {
    uint32_t c0[lanes], c1[lanes], c2[lanes], c3[lanes];
    for (int lane = 0; lane < lanes; ++lane) {
        const uint64_t block = index + static_cast<uint64_t>(lane);
        c0[lane] = static_cast<uint32_t>(block);
        c1[lane] = static_cast<uint32_t>(block >> 32);
        c2[lane] = static_cast<uint32_t>(step);
        c3[lane] = static_cast<uint32_t>(step >> 32);
    }
    for (int round = 0; round < 10; ++round) {
#pragma omp simd
        for (int lane = 0; lane < lanes; ++lane) {
            const uint64_t product0 = uint64_t{0xD2511F53u} * c0[lane];
            const uint64_t product1 = uint64_t{0xCD9E8D57u} * c2[lane];
            c0[lane] = static_cast<uint32_t>(product1 >> 32) ^ c1[lane] ^ key[0];
            c1[lane] = static_cast<uint32_t>(product1);
            c2[lane] = static_cast<uint32_t>(product0 >> 32) ^ c3[lane] ^ key[1];
            c3[lane] = static_cast<uint32_t>(product0);
        }
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    for (int lane = 0; lane < lanes; ++lane) {
        words[4 * lane] = c0[lane];
        words[4 * lane + 1] = c1[lane];
        words[4 * lane + 2] = c2[lane];
        words[4 * lane + 3] = c3[lane];
    }
}

void forward(const Tensor& x, Tensor& y, const DropoutParams& params) {
    dispatch_floating(dropout_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        const T* in = x.data<T>();
        T* out = y.data<T>();
        const int64_t count = x.numel();
        const T scale = static_cast<T>(1.0 / (1.0 - params.probability));
        const uint64_t step = params.device_step.defined()
                                  ? static_cast<uint64_t>(*params.device_step.data<int64_t>())
                                  : params.step;
        // philox_uniform(bits) >= p, in whole numbers: both sides times 2^24.
        const auto threshold = static_cast<uint32_t>(std::ceil(params.probability * 0x1p24));
        parallel_for((count + group - 1) / group, elementwise_grain / group, [&](int64_t begin, int64_t end) {
            uint32_t words[group];
            for (int64_t g = begin; g < end; ++g) {
                draw_blocks(params.key, step, static_cast<uint64_t>(g) * lanes, words);
                const int64_t start = g * group, length = std::min(group, count - start);
#pragma omp simd
                for (int64_t i = 0; i < length; ++i) {
                    const T value = in[start + i] * scale;
                    out[start + i] = (words[i] >> 8) >= threshold ? value : T(0);
                }
            }
        });
    });
}

const KernelEntry forward_entry{dropout_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
