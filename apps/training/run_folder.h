// SPDX-License-Identifier: Apache-2.0
// The folder of a training run: what is in it and under which names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/training/run_record.h"

namespace unmask {

class RunFolder {
  public:
    // A fresh run: the folder is made; Error when it holds anything but the records of a run that left no
    // model, unless `overwrite`, or when it cannot be written. An earlier run's files stay until begin().
    static RunFolder create(const std::filesystem::path& folder, bool overwrite);
    // An interrupted run: Error when the folder holds none. Both remove the temporary files of runs that were
    // killed.
    static RunFolder reopen(const std::filesystem::path& folder);

    // The folder as it is, for a rank that writes nothing in it.
    static RunFolder follow(const std::filesystem::path& folder) { return RunFolder(folder); }

    [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
    [[nodiscard]] std::filesystem::path best() const { return folder_ / "best.safetensors"; }
    [[nodiscard]] std::filesystem::path last() const { return folder_ / "last.safetensors"; }

    // What a run can be taken up from, the newest first: last.safetensors and what set_aside_last kept.
    [[nodiscard]] std::vector<std::filesystem::path> checkpoints() const;
    // Before last.safetensors, which holds the run after `steps` steps, is replaced: it stays as
    // checkpoints/step-N.safetensors. Then the newest `keep` of these are kept.
    void set_aside_last(int64_t steps) const;
    void remove_old_checkpoints(int keep) const;

    // Where the scores of an epoch that may be the best one wait for the checkpoint after it, and how they
    // become validation_scores.csv. Others that wait are of epochs whose checkpoint was never written: they
    // go.
    [[nodiscard]] std::filesystem::path waiting_scores(int64_t epoch) const;
    void take_waiting_scores(int64_t epoch) const;

    // What the libraries of a rank's GPU chose by timing (Context::tuning), so that a resumed run computes
    // the same bytes; empty when nothing was kept. tuning.json is rank 0's, tuning-1.json the next one's.
    [[nodiscard]] std::string tuning(int rank = 0) const;
    void keep_tuning(const std::string& tuning, int rank = 0) const;

    // What run.json says; Error when it is no such file.
    [[nodiscard]] RecordedRun recorded() const;
    // Replaces an earlier run by one that begins: run.json first, which must have the starting_status, so
    // that a process killed before the rest is removed leaves a run that starts over.
    void begin(const RunRecord& record, const std::vector<Setting>& settings) const;
    // run.json, then metrics.csv.
    void write(const RunRecord& record, const std::vector<Setting>& settings) const;

  private:
    explicit RunFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
    std::filesystem::path folder_;
};

}  // namespace unmask
