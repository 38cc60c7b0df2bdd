// SPDX-License-Identifier: Apache-2.0
// Layers one after the other.
#pragma once

#include "layers/lockstep.h"

namespace unmask {

class Sequential final : public LockstepLayer {
  public:
    // Appends a layer and returns it; an empty name makes it transparent (see Module::add_module).
    template <class L>
    L& add(std::string name, std::unique_ptr<L> layer) {
        L& reference = add_module(std::move(name), std::move(layer));
        layers_.push_back(&reference);
        return reference;
    }
    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override;
    [[nodiscard]] float link_scales(float input) override;
    // Through all layers, the first `count` of which backward runs again, each by itself
    // (engine/recompute.h).
    [[nodiscard]] Variable forward_recomputed(const Variable& x, size_t count);
    // Through all layers in inference: as long as maps have more than `pixels` pixels, `images` images at a
    // time, so that what a layer leaves is still in the cache for the next; then the whole batch.
    [[nodiscard]] Variable forward_in_slices(const Variable& x, int64_t images, int64_t pixels);
    // Through the layers from number `first` on.
    [[nodiscard]] Variable forward_from(size_t first, const Variable& x) {
        return forward_lockstep_from(first, {this}, {x}).front();
    }
    [[nodiscard]] static std::vector<Variable> forward_lockstep_from(size_t first,
                                                                     const std::vector<Sequential*>& peers,
                                                                     const std::vector<Variable>& x);
    [[nodiscard]] size_t size() const { return layers_.size(); }

  private:
    std::vector<Layer*> layers_;
};

}  // namespace unmask
