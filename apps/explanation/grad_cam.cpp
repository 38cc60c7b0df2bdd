// SPDX-License-Identifier: Apache-2.0
#include "apps/explanation/grad_cam.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "layers/evaluation_mode.h"

namespace unmask {
namespace {

// Evaluation mode and no gradients for the parameters while it lives.
class OnlyTheMaps {
  public:
    explicit OnlyTheMaps(Detector& detector) : mode_(detector) {
        for (Module::NamedVariable& parameter : detector.parameters())
            if (parameter.variable.requires_grad()) {
                parameter.variable.set_requires_grad(false);
                switched_off_.push_back(parameter.variable);
            }
    }
    OnlyTheMaps(const OnlyTheMaps&) = delete;
    OnlyTheMaps& operator=(const OnlyTheMaps&) = delete;
    ~OnlyTheMaps() {
        for (Variable& parameter : switched_off_) parameter.set_requires_grad(true);
    }

  private:
    EvaluationMode mode_;
    std::vector<Variable> switched_off_;
};

// s of one image; without a reference it is null.
HeatMap weighted_sum(const float* map, const float* gradient, const float* reference, int64_t height,
                     int64_t width, int64_t channels) {
    const int64_t places = height * width;
    std::vector<double> weights(static_cast<size_t>(channels), 0.0);
    for (int64_t i = 0; i < places * channels; ++i)
        weights[size_t(i % channels)] += double(gradient[i]) / double(places);
    HeatMap result{.height = int(height), .width = int(width), .values = {}};
    for (int64_t place = 0; place < places; ++place) {
        double sum = 0;
        for (int64_t k = 0; k < channels; ++k) {
            const int64_t at = place * channels + k;
            sum +=
                weights[size_t(k)] * (double(map[at]) - (reference == nullptr ? 0 : double(reference[at])));
        }
        result.values.push_back(float(sum));
    }
    return result;
}

// relu(s − mean of s), in place.
void keep_above_mean(HeatMap& map) {
    double mean = 0;
    for (const float value : map.values) mean += double(value) / double(map.values.size());
    for (float& value : map.values) value = std::max(float(double(value) - mean), 0.f);
}

void check_reference(const GenuineMaps& genuine, const std::vector<Variable>& maps) {
    if (genuine.branches.empty()) return;
    if (genuine.branches.size() != maps.size())
        fail("heat maps: expected the genuine maps of {} branches, found {}", maps.size(),
             genuine.branches.size());
    for (size_t i = 0; i < maps.size(); ++i) {
        const Shape expected{maps[i].dim(1), maps[i].dim(2), maps[i].dim(3)};
        if (genuine.branches[i].shape() != expected)
            fail("heat maps: expected genuine maps of shape {}, found {}", expected.str(),
                 genuine.branches[i].shape().str());
    }
}

}  // namespace

std::vector<HeatMaps> grad_cam(Detector& detector, const Tensor& images, const GenuineMaps& genuine) {
    const OnlyTheMaps mode(detector);
    std::vector<Variable> maps;
    {
        const NoGrad nothing_recorded;
        for (const Variable& map : detector.feature_maps(images)) maps.emplace_back(map.value(), true);
    }
    check_reference(genuine, maps);
    const Variable logits = detector.heads(maps).global;
    const int64_t count = logits.dim(0);
    std::vector<float> direction;
    for (int64_t i = 0; i < count; ++i) direction.insert(direction.end(), {-1.f, 1.f});
    logits.backward(Tensor::from({count, 2}, direction).to(logits.dtype()).to(logits.device()));

    std::vector<HeatMaps> result(static_cast<size_t>(count));
    for (size_t branch_number = 0; branch_number < maps.size(); ++branch_number) {
        const Variable& map = maps[branch_number];
        const float* reference =
            genuine.branches.empty() ? nullptr : genuine.branches[branch_number].data<float>();
        const Tensor values = map.value().to(cpu_device).to(DType::f32),
                     gradients = map.gradient().to(cpu_device).to(DType::f32);
        const int64_t height = values.dim(1), width = values.dim(2), channels = values.dim(3);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t begin = i * height * width * channels;
            HeatMap branch = weighted_sum(values.data<float>() + begin, gradients.data<float>() + begin,
                                          reference, height, width, channels);
            HeatMap& whole = result[size_t(i)].whole;
            if (whole.values.empty())
                whole = {branch.height, branch.width, branch.values};
            else
                for (size_t k = 0; k < branch.values.size(); ++k) whole.values[k] += branch.values[k];
            keep_above_mean(branch);
            result[size_t(i)].branches.push_back(std::move(branch));
        }
    }
    for (HeatMaps& one : result) keep_above_mean(one.whole);
    return result;
}

HeatMap enlarged(const HeatMap& map, int width, int height) {
    UNMASK_ASSERT(map.width > 0 && map.height > 0 && width > 0 && height > 0);
    struct Place {
        int first, second;
        float share;  // of the second
    };
    const auto place = [](int i, int from, int to) {
        const float at = std::clamp((float(i) + 0.5f) * float(from) / float(to) - 0.5f, 0.f, float(from - 1));
        const int first = int(at);
        return Place{first, std::min(first + 1, from - 1), at - float(first)};
    };
    HeatMap result{.height = height, .width = width, .values = {}};
    result.values.reserve(size_t(width) * size_t(height));
    for (int y = 0; y < height; ++y) {
        const Place row = place(y, map.height, height);
        for (int x = 0; x < width; ++x) {
            const Place column = place(x, map.width, width);
            const auto at = [&](int r, int c) {
                return map.values[size_t(r) * size_t(map.width) + size_t(c)];
            };
            const float top = at(row.first, column.first) * (1 - column.share) +
                              at(row.first, column.second) * column.share;
            const float bottom = at(row.second, column.first) * (1 - column.share) +
                                 at(row.second, column.second) * column.share;
            result.values.push_back(top * (1 - row.share) + bottom * row.share);
        }
    }
    return result;
}

}  // namespace unmask
