// SPDX-License-Identifier: Apache-2.0
#include "tests/parity/inputs.h"

#include <cmath>
#include <set>

#include "engine/philox.h"

namespace unmask::parity {
namespace {

uint64_t splitmix64(uint64_t state) {
    uint64_t z = state + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// [outer, channels, pixels] -> [outer, pixels, channels]: OIHW to OHWI and NCHW to NHWC alike.
std::vector<float> channels_last(const std::vector<float>& values, int64_t outer, int64_t channels,
                                 int64_t pixels) {
    std::vector<float> result(values.size());
    for (int64_t o = 0; o < outer; ++o)
        for (int64_t c = 0; c < channels; ++c)
            for (int64_t p = 0; p < pixels; ++p)
                result[static_cast<size_t>((o * pixels + p) * channels + c)] =
                    values[static_cast<size_t>((o * channels + c) * pixels + p)];
    return result;
}

struct Range {
    double low, high;
};

Range batch_norm_range(const std::string& leaf) {
    if (leaf == "weight") return {0.3, 0.7};
    return leaf == "running_var" ? Range{0.8, 1.2} : Range{-0.1, 0.1};
}

}  // namespace

std::vector<float> filled(const std::string& name, int64_t count, double low, double high) {
    std::vector<float> values(static_cast<size_t>(count));
    const uint64_t seed = fnv1a64(name);
    for (size_t j = 0; j < values.size(); ++j) {
        const double u = static_cast<double>(splitmix64(seed + j) >> 11) * 0x1p-53;
        values[j] = static_cast<float>(low + (high - low) * u);
    }
    return values;
}

Tensor images(const std::string& name, int64_t batch, int64_t size) {
    const auto values = filled(name, batch * 3 * size * size, -2.0, 2.0);
    return Tensor::from({batch, size, size, 3}, channels_last(values, batch, 3, size * size));
}

Tensor nudged(const Tensor& image, int draw) {
    if (draw == 0) return image;
    const auto moves = filled("nudge/" + std::to_string(draw), image.numel(), -0x1p-22, 0x1p-22);
    Tensor result = Tensor::empty(image.shape());
    for (size_t i = 0; i < moves.size(); ++i)
        result.data<float>()[i] = image.data<float>()[i] * (1.0F + moves[i]);
    return result;
}

void fill_parameters(Module& module) {
    const std::map<std::string, Tensor> state = module.state();
    std::map<std::string, Tensor> values;
    for (const auto& [name, tensor] : state) {
        const size_t dot = name.rfind('.');
        const std::string owner = name.substr(0, dot), leaf = name.substr(dot + 1);
        Range range{-0.1, 0.1};
        if (state.contains(owner + ".running_mean")) {
            range = batch_norm_range(leaf);
        } else if (leaf == "weight") {
            const double fan_in = static_cast<double>(tensor.numel() / tensor.dim(0));
            range = {-std::sqrt(6.0 / fan_in), std::sqrt(6.0 / fan_in)};
        }
        auto drawn = filled(name, tensor.numel(), range.low, range.high);
        if (tensor.rank() == 4)
            drawn = channels_last(drawn, tensor.dim(0), tensor.dim(3), tensor.dim(1) * tensor.dim(2));
        values[name] = Tensor::from(tensor.shape(), drawn);
    }
    module.load_state(values);
}

}  // namespace unmask::parity
