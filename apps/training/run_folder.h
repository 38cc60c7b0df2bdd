// SPDX-License-Identifier: Apache-2.0
// The folder of a training run: what is in it, and how an interrupted run is taken up again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/training/run_record.h"
#include "engine/optimizer.h"
#include "models/checkpoint.h"

namespace unmask {

class RunFolder {
  public:
    // A fresh run: the folder is made; Error when it holds anything but the records of a run that left no
    // model, unless `overwrite`, which removes an earlier run's files, or when it cannot be written.
    static RunFolder create(const std::filesystem::path& folder, bool overwrite);
    // An interrupted run: Error when the folder does not hold one. Both remove the temporary files of runs
    // that were killed.
    static RunFolder reopen(const std::filesystem::path& folder);

    [[nodiscard]] std::filesystem::path best() const { return folder_ / "best.safetensors"; }
    [[nodiscard]] std::filesystem::path last() const { return folder_ / "last.safetensors"; }

    // What a GPU's libraries chose by timing (Context::tuning), so that a resumed run computes the same
    // bytes; empty when nothing was kept.
    [[nodiscard]] std::string tuning() const;
    void keep_tuning(const std::string& tuning) const;

    // The epochs in run.json; Error when it is no such file.
    [[nodiscard]] std::vector<EpochRecord> recorded_epochs() const;
    // The device and the precision in run.json; Error when it is no such file.
    [[nodiscard]] RecordedCompute recorded_compute() const;
    // metrics.csv and run.json.
    void write(const RunRecord& record, const std::vector<Setting>& settings) const;

  private:
    explicit RunFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path folder_;
};

// What last.safetensors holds besides the model: how far the run was, and the optimizer's memory.
struct RunProgress {
    int64_t epoch = 0, steps = 0;
    int threads = 0;  // it was computed with; 0: unknown
};
[[nodiscard]] std::map<std::string, Tensor> optimizer_tensors(const Optimizer& optimizer);
// Copies them back; Error names the file when they are not this optimizer's.
void restore_optimizer(Optimizer& optimizer, const LoadedDetector& loaded, const std::filesystem::path& file);

// Metadata of a model file: the recipe as text, the data's hash, epoch, steps and threads.
[[nodiscard]] std::map<std::string, std::string> training_metadata(const std::vector<Setting>& settings,
                                                                   const std::string& data_hash,
                                                                   const RunProgress& progress);
// The reverse, for taking up the run: Error names the file and the first setting in which it differs from
// these (threads that load and memory that caches do not matter), or other data.
[[nodiscard]] RunProgress check_resumable(const LoadedDetector& loaded, const std::filesystem::path& file,
                                          const std::vector<Setting>& settings, const std::string& data_hash);

}  // namespace unmask
