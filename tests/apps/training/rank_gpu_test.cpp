// SPDX-License-Identifier: Apache-2.0
// Which GPU a process takes that was started with others, before any work: by a launcher, a group and GPUs
// that are not there.
#include <gtest/gtest.h>

#include <cstdlib>

#include "apps/command_line.h"
#include "apps/console.h"
#include "apps/settings/settings.h"
#include "apps/training/run_keeper.h"
#include "cpu/parallel.h"
#include "engine/context.h"
#include "engine/process_group.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/thread_scope.h"

namespace unmask {
namespace {

// The second of two on a machine, which says nothing to the other.
class SecondOfTwo final : public ProcessGroup {
  public:
    [[nodiscard]] int rank() const override { return 1; }
    [[nodiscard]] int size() const override { return 2; }
    [[nodiscard]] Device device() const override { return cpu_device; }
    void all_gather(const Tensor&, Tensor&) override {}
    void all_reduce(Tensor&) override {}
    void broadcast(Tensor&, int) override {}
    void begin_all_reduce(Tensor) override {}
    void finish_all_reduces() override {}
    [[nodiscard]] int local_rank() const override { return 1; }
    [[nodiscard]] int local_size() const override { return 2; }
    [[nodiscard]] int cpus() const override { return 1; }
    [[nodiscard]] RankPatience& patience() override { return patience_; }

  private:
    RankPatience patience_{1};
};

std::vector<int> opened;
int visible = 0;

class TrainCommandOfARank : public testing::Test {
  protected:
    TrainCommandOfARank() {
        opened.clear();
        ::setenv(variable, "2", 1);
        set_process_group_factory(
            []() -> std::unique_ptr<ProcessGroup> { return std::make_unique<SecondOfTwo>(); });
        see(8);
        set_communicator_factory(DeviceType::cuda,
                                 [](Device device, ProcessGroup&) -> std::shared_ptr<Communicator> {
                                     static_cast<void>(context_of(device));
                                     return nullptr;
                                 });
    }
    ~TrainCommandOfARank() override {
        ::unsetenv(variable);
        set_process_group_factory(nullptr);
        set_context_factory(DeviceType::cuda, nullptr);
        set_up_console("info", false);
    }
    // The GPUs that were opened, beginning with those that no other test opens.
    [[nodiscard]] std::vector<int> opened_by(const std::vector<std::string>& arguments) const {
        std::vector<const char*> argv{"unmask", "train"};
        for (const std::string& argument : arguments) argv.push_back(argument.c_str());
        EXPECT_NE(run_command_line(int(argv.size()), argv.data()), 0);
        return opened;
    }

    // The folder of a run that was begun there by as many processes.
    [[nodiscard]] std::string run_on(const std::string& device, int processes) const {
        TrainOptions options;
        options.output = folder_ / "run";
        options.threads = 1;
        RunKeeper keeper(options, train_settings(options), {});
        keeper.record().session = current_session(1, processes, options.compute, true);
        keeper.record().session.device = device;
        keeper.record().data = "faces.csv";
        keeper.record().status = starting_status;
        keeper.begin();
        return options.output.string();
    }

    static void see(int gpus) {
        visible = gpus;
        const ContextFactory open = [](int index) -> std::shared_ptr<Context> {
            opened.push_back(index);
            fail("no such GPU");
        };
        set_context_factory(DeviceType::cuda, open, [] { return visible; });
    }

    static constexpr const char* variable = "OMPI_COMM_WORLD_SIZE";
    const TemporaryFolder folder_;
    const ComputeModeScope mode_{compute_mode()};
    const ThreadScope threads_{thread_count()};
};

TEST_F(TrainCommandOfARank, OpensItsOwnGpuAlone) {
    const std::string out = (folder_ / "run").string();
    EXPECT_EQ(opened_by({"--device", "cuda:40", "--data", "faces.csv", "--out", out}), std::vector{41});
}

TEST_F(TrainCommandOfARank, OpensItsOwnGpuAloneWhenARunIsResumed) {
    EXPECT_EQ(opened_by({"--resume", run_on("cuda:40", 2)}), std::vector{41});
}

// One process alone says at once that a run's GPU is not there, before its data is loaded.
TEST_F(TrainCommandOfARank, AloneOpensTheGpuOfARunThatIsResumedBeforeItsData) {
    ::unsetenv(variable);
    EXPECT_EQ(opened_by({"--resume", run_on("cuda:40", 1)}), std::vector{40});
}

// As srun --gpus-per-task=1 starts them.
TEST_F(TrainCommandOfARank, TakesTheOneGpuThatItsLauncherLeavesItToSee) {
    see(1);
    const std::string out = (folder_ / "run").string();
    EXPECT_EQ(opened_by({"--device", "cuda:42", "--data", "faces.csv", "--out", out}), std::vector{42});
}

}  // namespace
}  // namespace unmask
