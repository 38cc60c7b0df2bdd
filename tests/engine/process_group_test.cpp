// SPDX-License-Identifier: Apache-2.0
// What launchers say of the processes that they start. The groups themselves:
// tests/cpu/process_group_test.cpp.
#include "engine/process_group.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace unmask {
namespace {

using Environment = std::map<std::string, std::string>;

class LaunchedProcesses : public testing::Test {
  protected:
    LaunchedProcesses() {
        for (const char* name : names)
            if (const char* value = std::getenv(name)) before_[name] = value;
    }
    ~LaunchedProcesses() override { set(before_); }
    static void set(const Environment& environment) {
        for (const char* name : names) ::unsetenv(name);
        for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    }
    static void expect(const Environment& environment, int processes, int rank) {
        set(environment);
        EXPECT_EQ(launched_processes(), processes);
        EXPECT_EQ(launched_rank(), rank);
    }

  private:
    static constexpr const char* names[] = {
        "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE",     "PMI_RANK", "MPI_LOCALNRANKS",
        "MPI_LOCALRANKID",      "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "PMIX_RANK"};
    Environment before_;
};

TEST_F(LaunchedProcesses, AreOneWithoutALauncher) {
    expect({}, 1, 0);
    // In a job, but not started by srun.
    expect({{"SLURM_NTASKS", "4"}}, 1, 0);
}

TEST_F(LaunchedProcesses, AreWhatMpirunSays) {
    expect({{"OMPI_COMM_WORLD_SIZE", "3"},
            {"OMPI_COMM_WORLD_RANK", "2"},
            {"PMIX_RANK", "2"},
            {"SLURM_NTASKS", "8"}},
           3, 2);
    expect({{"PMI_SIZE", "4"}, {"PMI_RANK", "1"}}, 4, 1);
}

TEST_F(LaunchedProcesses, AreWhatSrunSaysWithPmix) {
    expect({{"PMIX_RANK", "1"}, {"SLURM_NTASKS", "8"}, {"SLURM_STEP_NUM_TASKS", "2"}}, 2, 1);
    expect({{"PMIX_RANK", "3"}, {"SLURM_NTASKS", "8"}}, 8, 3);
    expect({{"PMIX_RANK", "0"}, {"SLURM_NTASKS", "1"}}, 1, 0);
}

}  // namespace
}  // namespace unmask
