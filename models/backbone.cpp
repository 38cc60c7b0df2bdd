// SPDX-License-Identifier: Apache-2.0
#include "models/backbone.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/error.h"
#include "engine/ops/pool.h"
#include "engine/ops/quantize.h"
#include "models/efficientnet.h"
#include "models/mobilenet.h"
#include "models/resnet.h"

namespace unmask {
namespace {

constexpr BackboneEntry table[] = {
    {"resnet18", &make_resnet18},
    {"resnet34", &make_resnet34},
    {"resnet50", &make_resnet50},
    {"mobilenet_v1", &make_mobilenet_v1},
    {"efficientnet_b0", &make_efficientnet_b0},
};

}  // namespace

Variable Backbone::feature_map_in_slices(const Variable& x) {
    constexpr int64_t images = 2, pixels = 28 * 28;  // found by measuring
    return stem().block().quantized() || x.shape()[0] <= images
               ? feature_map(x)
               : real(stages().forward_in_slices(x, images, pixels));
}

Variable Backbone::forward(const Variable& x) {
    return global_average_pool(feature_map(x));
}

std::vector<Variable> Backbone::feature_maps(const std::vector<Backbone*>& branches, const Variable& x) {
    std::vector<Sequential*> stages;
    for (Backbone* branch : branches) stages.push_back(&branch->stages());
    std::vector<Variable> maps =
        Sequential::forward_lockstep_from(0, stages, std::vector<Variable>(branches.size(), x));
    for (size_t i = 0; i < maps.size(); ++i) maps[i] = branches[i]->real(maps[i]);
    return maps;
}

float Backbone::link_scales(float input) {
    map_scale_ = stages().link_scales(input);
    return 0.0f;
}

Variable Backbone::real(const Variable& map) const {
    return is_floating(map.dtype()) ? map : Variable(dequantize(map.value(), map_scale_));
}

std::span<const BackboneEntry> backbones() {
    return table;
}

std::vector<std::string> backbone_names() {
    std::vector<std::string> names;
    for (const BackboneEntry& entry : table) names.emplace_back(entry.name);
    return names;
}

std::unique_ptr<Backbone> make_backbone(std::string_view name, double width) {
    for (const BackboneEntry& entry : table)
        if (entry.name == name) return entry.make(width);
    fail("backbone: expected one of {}, found '{}'", fmt::join(backbone_names(), ", "), name);
}

int64_t scaled_channels(int64_t channels, double width) {
    if (width == 1.0) return channels;
    const double wanted = static_cast<double>(channels) * width;
    const auto nearest = static_cast<int64_t>(wanted + 4.0) / 8 * 8;
    const int64_t rounded = std::max<int64_t>(nearest, 8);
    return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

}  // namespace unmask
