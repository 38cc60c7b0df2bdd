// SPDX-License-Identifier: Apache-2.0
#include "apps/training/lost_rank.h"

#include <gtest/gtest.h>

#include "apps/training/run_folder.h"
#include "apps/training/trainer.h"
#include "cpu/parallel.h"
#include "tests/apps/tiny_faces.h"
#include "tests/apps/training/tiny_training.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_count.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

// A group of this process alone that is lost in the first epoch, and notes what had been said when it is
// given up.
class LostGroup final : public ProcessGroup {
  public:
    explicit LostGroup(std::string& said) : said_(said) {}
    ~LostGroup() override { said_ = testing::internal::GetCapturedStderr(); }
    [[nodiscard]] int rank() const override { return 0; }
    [[nodiscard]] int size() const override { return 1; }
    [[nodiscard]] Device device() const override { return cpu_device; }
    void all_gather(const Tensor& own, Tensor& all) override {
        constexpr int calls_before = 12;
        if (++calls_ > calls_before) throw RankLost("rank 0: another rank is lost");
        all.copy_from(own);
    }
    void all_reduce(Tensor&) override {}
    void broadcast(Tensor&, int) override {}
    void begin_all_reduce(Tensor) override {}
    void finish_all_reduces() override {}
    [[nodiscard]] int local_rank() const override { return 0; }
    [[nodiscard]] int local_size() const override { return 1; }
    [[nodiscard]] int cpus() const override { return 1; }
    [[nodiscard]] RankPatience& patience() override { return patience_; }

  private:
    std::string& said_;
    int calls_ = 0;
    RankPatience patience_{0};
};

TEST(LostRank, IsToldOfBeforeWhatTheTrainingHoldsIsGivenUp) {
    const TemporaryFolder folder;
    const ThreadScope one(1);
    const std::filesystem::path run = folder / "run";
    TrainOptions options = tiny_training(write_tiny_faces(folder.path(), 16, 0, 0), run);
    options.checkpoint_minutes = 0;
    std::string said;
    testing::internal::CaptureStderr();
    options.ranks.group = std::make_shared<LostGroup>(said);
    EXPECT_THROW(train_detector(std::move(options)), ToldRankLost);
    EXPECT_EQ(
        count_of("rank 0: another rank is lost; the run in " + run.string() + " is kept up to step", said),
        1u)
        << said;
    EXPECT_EQ(RunFolder::follow(run).recorded().status, "rank 0: another rank is lost");
}

}  // namespace
}  // namespace unmask
