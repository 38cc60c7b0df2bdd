// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/augment.h"

#include <cmath>
#include <numbers>

#include "engine/error.h"
#include "engine/ops/check.h"

namespace unmask {
namespace {

void check_tensor(const char* operand, const Tensor& tensor, const Shape& shape, DType dtype, Device device) {
    if (!tensor.defined()) fail("augment: expected {}, found none", operand);
    check_shape("augment", operand, tensor.shape(), shape);
    if (tensor.dtype() != dtype)
        fail("augment: expected {} in {}, found {}", operand, name_of(dtype), name_of(tensor.dtype()));
    if (tensor.device() != device)
        fail("augment: expected {} on {}, found it on {}", operand, name_of(device),
             name_of(tensor.device()));
}

// By bisection: slow, exact enough, done once, and when the program runs: a lambda is one that compilers try
// to evaluate.
std::array<float, 4096> inverted_normal_distribution() {
    std::array<float, 4096> values{};
    for (size_t i = 0; i < values.size(); ++i) {
        const double quantile = (double(i) + 0.5) / double(values.size());
        double low = -8, high = 8;
        for (int step = 0; step < 60; ++step) {
            const double middle = (low + high) / 2;
            (0.5 * std::erfc(-middle / std::numbers::sqrt2) < quantile ? low : high) = middle;
        }
        values[i] = float((low + high) / 2);
    }
    return values;
}

}  // namespace

std::span<const float, 4096> normal_quantiles() {
    static const std::array<float, 4096> table = inverted_normal_distribution();
    return table;
}

void augment(const Tensor& pixels, const Tensor& draws, Tensor& y, const AugmentParams& params) {
    if (!pixels.defined()) fail("augment: expected pixels, found none");
    check_rank("augment", "pixels [N, H, W, 3]", pixels.shape(), 4);
    const int64_t count = pixels.dim(0), height = pixels.dim(1), width = pixels.dim(2);
    const Device device = pixels.device();
    check_tensor("pixels", pixels, {count, height, width, 3}, DType::u8, device);
    if (height > 16384 || width > 16384)
        fail("augment: expected sides of at most 16384 pixels, found {}", pixels.shape().str());
    check_tensor("draws", draws, {count, int64_t{sizeof(AugmentationDraw)}}, DType::u8, device);
    if (draws.byte_offset() % alignof(AugmentationDraw) != 0)
        fail("augment: expected draws that begin at a multiple of {} bytes", alignof(AugmentationDraw));
    check_tensor("quantiles", params.quantiles, {4096}, DType::f32, device);
    if (!y.defined() || y.rank() != 4 || (y.dim(3) != 3 && y.dim(3) != 4 && y.dim(3) != 8))
        fail("augment: expected a result with 3, 4 or 8 channels, found {}",
             y.defined() ? y.shape().str() : "none");
    if (y.dtype() != DType::f32 && y.dtype() != DType::bf16)
        fail("augment: expected a result in f32 or bf16, found {}", name_of(y.dtype()));
    check_tensor("a result", y, {count, height, width, y.dim(3)}, y.dtype(), device);
    if (params.partner.defined() != params.lambda.defined())
        fail("augment: expected partner and lambda together, found one without the other");
    if (params.partner.defined()) {
        const DType dtype = params.partner.dtype() == DType::i32 ? DType::i32 : DType::i64;
        check_tensor("partner", params.partner, {count}, dtype, device);
        check_tensor("lambda", params.lambda, {1}, DType::f32, device);
    }
    for (const double deviation : params.deviation)
        if (!(deviation > 0)) fail("augment: expected deviations above 0, found {}", deviation);
    if (pixels.numel() > 0) augment_forward(pixels, draws, y, params);
}

}  // namespace unmask
