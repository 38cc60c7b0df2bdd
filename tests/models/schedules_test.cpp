// SPDX-License-Identifier: Apache-2.0
// What the schedules are for: how many calls the branches' work takes. That their bytes agree,
// detector_test.cpp shows.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/range.h"
#include "layers/initialization.h"
#include "models/backbone.h"
#include "models/detector.h"

namespace unmask {
namespace {

// The kernels that are called while it lives.
class Calls {
  public:
    Calls() {
        counts().clear();
        static constexpr RangeListener listener{[](const char* name) { ++counts()[name]; }, [] {}};
        set_range_listener(&listener);
    }
    Calls(const Calls&) = delete;
    Calls& operator=(const Calls&) = delete;
    ~Calls() { set_range_listener(nullptr); }
    [[nodiscard]] int of(const std::string& kernel) const { return counts()[kernel]; }

  private:
    static std::map<std::string, int>& counts() {
        static std::map<std::string, int> instance;
        return instance;
    }
};

struct Counted {
    int norms, norm_gradients, convolutions;
    bool operator==(const Counted&) const = default;
};

Counted count(const std::string& backbone, int branches, BranchSchedule schedule) {
    Detector detector({.backbone = backbone, .branches = branches, .width = 0.125, .size = 32});
    detector.initialize(1);
    detector.set_branch_schedule(schedule);
    Tensor x = Tensor::empty({2, 32, 32, 3});
    fill_normal(x, 1.0, 1, "images");
    const Calls calls;
    const HeadLogits logits = detector.forward(x);
    sum(logits.global).backward();
    return {calls.of("batch_norm_forward"), calls.of("batch_norm_backward"), calls.of("conv2d_forward")};
}

TEST(BranchSchedules, InLockstepTheNormsOfAllBranchesAreOneCall) {
    for (const std::string& backbone : backbone_names()) {
        SCOPED_TRACE(backbone);
        const Counted one = count(backbone, 1, BranchSchedule::separate),
                      three = count(backbone, 3, BranchSchedule::separate),
                      lockstep = count(backbone, 3, BranchSchedule::lockstep);
        EXPECT_GT(three.norms, 2 * one.norms - 5);  // the fusion's few are there once
        EXPECT_EQ(lockstep.norms, one.norms);
        EXPECT_EQ(lockstep.norm_gradients, one.norm_gradients);
        EXPECT_EQ(lockstep.convolutions, three.convolutions);
        EXPECT_EQ(three.convolutions, 3 * one.convolutions);
    }
}

TEST(BranchSchedules, MergedStemsAreOneConvolutionAndOneNorm) {
    for (const std::string& backbone : backbone_names()) {
        SCOPED_TRACE(backbone);
        const Counted three = count(backbone, 3, BranchSchedule::separate),
                      merged = count(backbone, 3, BranchSchedule::merged_stems);
        EXPECT_EQ(merged, (Counted{three.norms - 2, three.norm_gradients - 2, three.convolutions - 2}));
    }
}

TEST(BranchSchedules, SideBySideTheyCallWhatTheyCallOneAfterTheOther) {
    EXPECT_EQ(count("resnet18", 3, BranchSchedule::parallel), count("resnet18", 3, BranchSchedule::separate));
}

}  // namespace
}  // namespace unmask
