// SPDX-License-Identifier: Apache-2.0
// The kernel for convolutions of few pixels as what ConvolutionCase computes by.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "cuda/split_k_conv2d.h"
#include "engine/error.h"

namespace unmask {

// The kernel in conv2d_forward's place, with the `nth` number of slices of those offered or their last, and
// how many are offered.
class SplitK {
  public:
    static constexpr size_t last = 16;  // there are not as many
    explicit SplitK(size_t nth) : nth_(nth) {}
    void operator()(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual,
                    Tensor& y, const Conv2dParams& params) {
        const std::vector<int> slices = split_k_conv2d_slices(x, weight, bias, residual, y, params);
        if (slices.empty()) fail("expected a convolution that the kernel takes");
        offered = slices.size();
        used = slices[std::min(nth_, slices.size() - 1)];
        split_k_conv2d_forward(x, weight, bias, residual, y, params, used);
    }
    size_t offered = 0;
    int used = 0;

  private:
    size_t nth_;
};

}  // namespace unmask
