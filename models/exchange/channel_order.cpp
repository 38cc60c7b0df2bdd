// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/channel_order.h"

#include <utility>

namespace unmask {
namespace {

constexpr int64_t colours = 3;

// A backbone's only convolution over pixels and not over features of them.
bool is_first_convolution(const Shape& shape) {
    return shape.rank() == 4 && shape[3] == colours && shape[1] > 1;
}

}  // namespace

void exchange_red_and_blue(std::map<std::string, Tensor>& state) {
    for (auto& [name, tensor] : state) {
        if (!is_first_convolution(tensor.shape())) continue;
        tensor = tensor.clone();
        auto* value = tensor.data<float>();
        for (int64_t i = 0; i < tensor.numel(); i += colours) std::swap(value[i], value[i + 2]);
    }
}

void exchange_red_and_blue(Preprocessing& preprocessing) {
    std::swap(preprocessing.mean[0], preprocessing.mean[2]);
    std::swap(preprocessing.deviation[0], preprocessing.deviation[2]);
}

}  // namespace unmask
