// SPDX-License-Identifier: Apache-2.0
#include "layers/sequential.h"

#include <gtest/gtest.h>

#include "engine/ops/pool.h"
#include "layers/initialization.h"

namespace unmask {
namespace {

// Halves both sides of a map and remembers how many images it was given.
class Halving final : public Layer {
  public:
    explicit Halving(std::vector<int64_t>& batches) : batches_(batches) {}
    [[nodiscard]] Variable forward(const Variable& x) override {
        batches_.push_back(x.shape()[0]);
        return max_pool2d(x, {});
    }

  private:
    std::vector<int64_t>& batches_;
};

TEST(Sequential, TakesSlicesOfTheBatchWhileMapsAreLarge) {
    std::vector<int64_t> batches[3];
    Sequential layers;
    for (auto& of_layer : batches)
        layers.add(std::to_string(layers.size()), std::make_unique<Halving>(of_layer));
    Tensor x = Tensor::empty({5, 16, 16, 3});
    fill_normal(x, 1.0, 1, "x");
    const Tensor expected = layers.forward(x).value();
    for (auto& of_layer : batches) of_layer.clear();
    const NoGrad nothing_recorded;
    const Tensor found = layers.forward_in_slices(x, 2, 4 * 4).value();
    EXPECT_EQ(found.shape(), (Shape{5, 2, 2, 3}));
    EXPECT_EQ(found.to_floats(), expected.to_floats());
    EXPECT_EQ(batches[0], (std::vector<int64_t>{2, 2, 1}));
    EXPECT_EQ(batches[1], (std::vector<int64_t>{2, 2, 1}));
    EXPECT_EQ(batches[2], std::vector<int64_t>{5});
}

}  // namespace
}  // namespace unmask
