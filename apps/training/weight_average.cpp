// SPDX-License-Identifier: Apache-2.0
#include "apps/training/weight_average.h"

#include <algorithm>

#include "engine/error.h"

namespace unmask {

WeightAverage::WeightAverage(FlatParameters& parameters, const Detector& detector, double decay)
    : parameters_(parameters), decay_(decay) {
    const auto add = [this](const Tensor& value) { parts_.push_back({value, Tensor::empty_like(value)}); };
    add(parameters.values());
    const Tensor& averages = parts_.front().average;
    for (const FlatParameters::Entry& entry : parameters.entries()) {
        const Tensor& value = entry.variable.value();
        const size_t offset = value.byte_offset() - parameters.values().byte_offset();
        named_[entry.name] =
            Tensor::view(averages.buffer(), averages.byte_offset() + offset, value.shape(), value.dtype());
    }
    for (const auto& [name, tensor] : detector.buffers()) {
        add(tensor);
        named_[name] = parts_.back().average;
    }
    begin();
    share_ = Tensor::zeros({}, parameters.values().dtype(), parameters.values().device());
}

void WeightAverage::begin() {
    for (MovedAverage& part : parts_) part.average.copy_from(part.value);
}

void WeightAverage::prepare(int64_t step) {
    const auto count = double(step + 1);
    const auto share = float(1 - std::min(decay_, (1 + count) / (10 + count)));
    UNMASK_ASSERT(share_.dtype() == DType::f32);
    share_.buffer()->context()->copy_from_host(share_.raw(), &share, sizeof(share));
}

void WeightAverage::apply() {
    move_averages(share_, parts_);
}

std::map<std::string, Tensor> WeightAverage::state() const {
    return named_;
}

void WeightAverage::load_state(const std::map<std::string, Tensor>& state) {
    for (auto& [name, tensor] : named_)
        if (const auto found = state.find(name); found != state.end()) tensor.copy_from(found->second);
}

void WeightAverage::exchange() {
    for (MovedAverage& part : parts_) {
        Tensor before = Tensor::empty_like(part.value);
        before.copy_from(part.value);
        part.value.copy_from(part.average);
        part.average.copy_from(before);
    }
    parameters_.refresh_copies();
}

}  // namespace unmask
