// SPDX-License-Identifier: Apache-2.0
// Backbones: convolutional networks without their classifier, x [N, H, W, 3] -> features [N, d].
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layers/sequential.h"
#include "models/stem.h"

namespace unmask {

class Backbone : public Layer {
  public:
    // The first convolution with its norm, activation and pooling, and what follows them up to the last
    // convolutional map, [N, H / 32, W / 32, d] (rounded up).
    [[nodiscard]] virtual Stem& stem() = 0;
    [[nodiscard]] Variable after_stem(const Variable& stem_map) {
        return real(stages().forward_from(1, stem_map));
    }
    // Both, from the image to the map.
    [[nodiscard]] Variable feature_map(const Variable& x) { return real(stages().forward(x)); }
    // The same without gradients in inference, a few images at a time while the maps are large; for kernels
    // on one thread, which lose nothing by less work at once. The maps of 8-bit branches are small enough.
    [[nodiscard]] Variable feature_map_in_slices(const Variable& x);
    // The same; backward runs the first `count` stages again instead of keeping what is within them
    // (engine/recompute.h).
    [[nodiscard]] Variable feature_map_recomputed(const Variable& x, int count) {
        return stages().forward_recomputed(x, static_cast<size_t>(count));
    }
    // The maps of several backbones of one architecture on the same image, in lockstep.
    [[nodiscard]] static std::vector<Variable> feature_maps(const std::vector<Backbone*>& branches,
                                                            const Variable& x);
    // From an image in float32 to the features in float32: 0 from 0.
    [[nodiscard]] float link_scales(float input) final;
    // Its mean over the map, [N, d].
    [[nodiscard]] Variable forward(const Variable& x) final;
    [[nodiscard]] virtual int64_t features() const = 0;  // d

  protected:
    // All layers up to the map; the first is the stem.
    [[nodiscard]] virtual Sequential& stages() = 0;

  private:
    // A map of 8-bit integers in float32; another as it is.
    [[nodiscard]] Variable real(const Variable& map) const;
    float map_scale_ = 0.0f;
};

// `width` multiplies every channel count, see scaled_channels.
using BackboneFactory = std::unique_ptr<Backbone> (*)(double width);

struct BackboneEntry {
    std::string_view name;
    BackboneFactory make;
};

// One line for each backbone there is.
[[nodiscard]] std::span<const BackboneEntry> backbones();
[[nodiscard]] std::vector<std::string> backbone_names();
// Error lists the known names when there is none such.
[[nodiscard]] std::unique_ptr<Backbone> make_backbone(std::string_view name, double width);

// channels · width, rounded to a multiple of 8, at least 8 and never more than a tenth below; `channels`
// itself at width 1 (Sandler et al., CVPR 2018).
[[nodiscard]] int64_t scaled_channels(int64_t channels, double width);

}  // namespace unmask
