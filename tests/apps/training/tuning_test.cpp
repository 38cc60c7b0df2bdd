// SPDX-License-Identifier: Apache-2.0
// What the libraries of each rank's GPU chose is kept with the run, and each rank takes up its own.
#include <gtest/gtest.h>

#include <array>

#include "apps/training/resume.h"
#include "apps/training/run_keeper.h"
#include "engine/context.h"
#include "tests/support/file_bytes.h"
#include "tests/support/rank_threads.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

// A GPU that has chosen and takes choices, and does nothing else.
class ChoosingContext final : public Context {
  public:
    explicit ChoosingContext(int index) : index_(index) {}
    [[nodiscard]] Device device() const override { return {DeviceType::cuda, index_}; }
    [[nodiscard]] void* allocate(size_t) override { fail("no memory here"); }
    void release(void*, size_t) noexcept override {}
    [[nodiscard]] MemoryStatistics memory() const override { return {}; }
    void reset_peak() override {}
    void release_cached() override {}
    void copy_from_host(void*, const void*, size_t) override {}
    void copy_to_host(void*, const void*, size_t) override {}
    void copy_on_device(void*, const void*, size_t) override {}
    void fill_zero(void*, size_t) override {}
    void synchronize() override {}
    [[nodiscard]] std::string tuning() const override { return choices; }
    [[nodiscard]] std::string set_tuning(const std::string& json) override {
        choices = json;
        return {};
    }
    std::string choices;

  private:
    int index_;
};

class Tuning : public testing::Test {
  protected:
    static constexpr int ranks = 3;
    Tuning() {
        set_context_factory(DeviceType::cuda, [](int index) -> std::shared_ptr<Context> {
            return std::make_shared<ChoosingContext>(index);
        });
    }
    ~Tuning() override { set_context_factory(DeviceType::cuda, nullptr); }
    static ChoosingContext& gpu(int rank) {
        return static_cast<ChoosingContext&>(*context_of({DeviceType::cuda, rank}));
    }
    // The options of a rank with the GPU of its number.
    [[nodiscard]] TrainOptions options(ProcessGroup& group) const {
        TrainOptions result;
        result.output = folder_ / "run";
        result.overwrite = true;
        result.compute.device = {DeviceType::cuda, group.rank()};
        result.ranks.group = {std::shared_ptr<void>(), &group};
        return result;
    }
    [[nodiscard]] std::string kept(const std::string& name) const { return bytes_of(folder_ / "run" / name); }
    TemporaryFolder folder_;
};

TEST_F(Tuning, EachRanksChoicesAreKeptAndTakenUpByIt) {
    const std::array<std::string, ranks> chosen{"first", "", "the third one's"};
    for (int rank = 0; rank < ranks; ++rank) gpu(rank).choices = chosen[size_t(rank)];
    RankThreads(ranks).run([&](ProcessGroup& group) {
        const TrainOptions own = options(group);
        RunKeeper(own, {}, {}).keep_tuning();
    });
    EXPECT_EQ(kept("tuning.json"), "first");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "tuning-1.json"));
    EXPECT_EQ(kept("tuning-2.json"), "the third one's");

    for (int rank = 0; rank < ranks; ++rank) gpu(rank).choices = "others";
    RankThreads(ranks).run([&](ProcessGroup& group) {
        const TrainOptions own = options(group);
        take_up_tuning(RunFolder::follow(own.output), own);
    });
    EXPECT_EQ(gpu(0).choices, "first");
    EXPECT_EQ(gpu(1).choices, "others");  // nothing was kept for it, which it says
    EXPECT_EQ(gpu(2).choices, "the third one's");
}

TEST_F(Tuning, AFreshRunHasNone) {
    for (int rank = 0; rank < ranks; ++rank) gpu(rank).choices = "chosen";
    const auto unasked = [&](ProcessGroup& group) {
        TrainOptions own = options(group);
        own.overwrite = false;
        return own;
    };
    RankThreads(ranks).run([&](ProcessGroup& group) {
        const TrainOptions own = unasked(group);  // which the keeper only refers to
        RunKeeper(own, {}, {}).keep_tuning();
    });
    EXPECT_EQ(kept("tuning-2.json"), "chosen");
    // A run that left no model may be replaced without being asked.
    RankThreads(ranks).run([&](ProcessGroup& group) {
        const TrainOptions own = unasked(group);
        RunKeeper keeper(own, {}, {});
        keeper.record().status = starting_status;
        keeper.begin();
    });
    for (const char* name : {"tuning.json", "tuning-1.json", "tuning-2.json"})
        EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / name)) << name;
}

}  // namespace
}  // namespace unmask
