// SPDX-License-Identifier: Apache-2.0
#include "layers/initialization.h"

#include <array>
#include <cmath>
#include <numbers>

#include "engine/philox.h"

namespace unmask {
namespace {

// Fills the tensor with four values a Philox block, drawn on the host.
template <class FourValues>
void fill_blocks(Tensor& tensor, uint64_t seed, const std::string& name, const FourValues& four_values) {
    const Philox random(seed, name);
    const Tensor host = Tensor::empty(tensor.shape());
    float* values = host.data<float>();
    const int64_t count = host.numel();
    for (int64_t begin = 0; begin < count; begin += 4) {
        const std::array<double, 4> four = four_values(random.block(0, static_cast<uint64_t>(begin / 4)));
        for (int64_t i = 0; i < 4 && begin + i < count; ++i)
            values[begin + i] = static_cast<float>(four[static_cast<size_t>(i)]);
    }
    tensor.copy_from(host.to(tensor.dtype()));
}

}  // namespace

void fill_uniform(Tensor& tensor, double bound, uint64_t seed, const std::string& name) {
    fill_blocks(tensor, seed, name, [bound](const PhiloxBlock& block) {
        std::array<double, 4> values{};
        for (size_t i = 0; i < 4; ++i) values[i] = bound * (2.0 * double(philox_uniform(block[i])) - 1.0);
        return values;
    });
}

void fill_normal(Tensor& tensor, double deviation, uint64_t seed, const std::string& name) {
    fill_blocks(tensor, seed, name, [deviation](const PhiloxBlock& block) {
        std::array<double, 4> values{};
        for (size_t i = 0; i < 4; i += 2) {
            const double radius =
                deviation * std::sqrt(-2.0 * std::log(1.0 - double(philox_uniform(block[i]))));
            const double angle = 2.0 * std::numbers::pi * double(philox_uniform(block[i + 1]));
            values[i] = radius * std::cos(angle);
            values[i + 1] = radius * std::sin(angle);
        }
        return values;
    });
}

void fill_constant(Tensor& tensor, double value) {
    tensor.copy_from(Tensor::full(tensor.shape(), value).to(tensor.dtype()));
}

}  // namespace unmask
