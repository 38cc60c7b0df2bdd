// SPDX-License-Identifier: Apache-2.0
#include "apps/training/weight_average.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace unmask {
namespace {

class WeightAverageTest : public testing::Test {
  protected:
    WeightAverageTest() { detector_.initialize(1); }
    static FlatParameters flat(Detector& detector) {
        std::vector<FlatParameters::Entry> entries;
        for (auto& [name, variable] : detector.parameters()) entries.push_back({name, variable});
        return FlatParameters(std::move(entries));
    }
    // What a step would do: all weights and one statistic become `value`.
    void set(float value) {
        for (auto& [name, variable] : detector_.parameters())
            std::fill_n(variable.value().data<float>(), variable.value().numel(), value);
        Tensor statistic = detector_.state().at("branches.0.bn1.running_mean");
        std::fill_n(statistic.data<float>(), statistic.numel(), 10 * value);
    }
    static double first(const std::map<std::string, Tensor>& state, const std::string& name) {
        return state.at(name).to_doubles().front();
    }

    Detector detector_{{.backbone = "resnet18", .branches = 1, .width = 0.125, .size = 32}};
    FlatParameters parameters_ = flat(detector_);
};

TEST_F(WeightAverageTest, FollowsItsFormulaWithTheCorrectionOfTheBeginning) {
    set(0);
    WeightAverage average(parameters_, detector_, 0.3);
    double expected = 0;
    for (int64_t step = 0; step < 6; ++step) {
        const double value = double(step * step) - 3;
        set(float(value));
        average.prepare(step);
        average.apply();
        const double count = double(step + 1);
        const double decay = std::min(0.3, (1 + count) / (10 + count));
        expected = decay * expected + (1 - decay) * value;
        EXPECT_NEAR(first(average.state(), "global_head.weight"), expected, 1e-5) << step;
        EXPECT_NEAR(first(average.state(), "branches.0.bn1.running_mean"), 10 * expected, 1e-4) << step;
    }
    EXPECT_GT((1.0 + 6) / (10 + 6), 0.3);  // both sides of the minimum were seen
}

TEST_F(WeightAverageTest, HasTheNamesOfTheModel) {
    const WeightAverage average(parameters_, detector_, 0.9);
    std::map<std::string, Tensor> state = detector_.state();
    ASSERT_EQ(average.state().size(), state.size());
    for (const auto& [name, tensor] : average.state())
        EXPECT_EQ(tensor.to_floats(), state.at(name).to_floats()) << name;
}

TEST_F(WeightAverageTest, StandsInForTheWeightsForAWhile) {
    set(1);
    WeightAverage average(parameters_, detector_, 0.9);
    set(2);
    {
        const AveragedWeights averaged(&average);
        EXPECT_EQ(first(detector_.state(), "fusion.0.weight"), 1);
        EXPECT_EQ(first(detector_.state(), "branches.0.bn1.running_mean"), 10);
    }
    EXPECT_EQ(first(detector_.state(), "fusion.0.weight"), 2);
    EXPECT_EQ(first(detector_.state(), "branches.0.bn1.running_mean"), 20);
    EXPECT_EQ(first(average.state(), "fusion.0.weight"), 1);
    const AveragedWeights nothing(nullptr);
}

TEST_F(WeightAverageTest, TakesBackWhatIsThere) {
    set(1);
    WeightAverage average(parameters_, detector_, 0.9);
    average.load_state({{"global_head.bias", Tensor::full({2}, 5.0)}});
    EXPECT_EQ(first(average.state(), "global_head.bias"), 5);
    EXPECT_EQ(first(average.state(), "global_head.weight"), 1);
    average.begin();
    EXPECT_EQ(first(average.state(), "global_head.bias"), 1);
}

}  // namespace
}  // namespace unmask
