// SPDX-License-Identifier: Apache-2.0
// Conversion between f32 and bf16.
#include "engine/ops/cast.h"

#include "cuda/map.cuh"

namespace unmask {
namespace {

struct Same {
    __device__ float operator()(float x) const { return x; }
};

void forward(const Tensor& x, Tensor& y) {
    dispatch_storage(cast_forward.name(), x, [&](auto from) {
        dispatch_storage(cast_forward.name(), y, [&](auto to) {
            using From = decltype(from);
            using To = decltype(to);
            launch_map(stream_of(x), x.numel(), Same{}, y.data<To>(),
                       static_cast<const From*>(x.data<From>()));
        });
    });
}

const KernelEntry entry{cast_forward, Backend::cuda, &forward};

}  // namespace
}  // namespace unmask
