// SPDX-License-Identifier: Apache-2.0
// What a run keeps of itself while it is trained: its checkpoints, its best model and its records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apps/training/run_checkpoint.h"
#include "apps/training/run_folder.h"
#include "apps/training/run_progress.h"
#include "apps/training/run_record.h"
#include "apps/training/train_options.h"
#include "data/folder_lock.h"

namespace unmask {

// Of several ranks the first alone writes.
class RunKeeper {
  public:
    // Opens options.output together with the other ranks, as a fresh run or as the one to resume. The options
    // must outlive this, which holds the run's lock. Errors as RunFolder's and FolderLock's.
    RunKeeper(const TrainOptions& options, std::vector<Setting> settings, Preprocessing preprocessing);

    [[nodiscard]] const RunFolder& folder() const { return *folder_; }
    [[nodiscard]] const std::vector<Setting>& settings() const { return settings_; }
    [[nodiscard]] RunRecord& record() { return record_; }
    [[nodiscard]] const RunRecord& record() const { return record_; }

    // The run goes on from that checkpoint, after `seconds` of training before.
    void take_up(const std::filesystem::path& checkpoint, const RunProgress& progress, double seconds);

    // Together with all ranks: keeps what the libraries of each one's GPU have chosen so far.
    void keep_tuning() const;
    // last.safetensors, the checkpoint before it set aside; nothing where it has these steps
    // already. TrainingDiverged when a parameter is no finite number.
    void save(const TrainedParts& parts, const RunProgress& progress);
    // best.safetensors; `validation` may be null.
    void save_best(const TrainedParts& parts, const RunProgress& progress,
                   const FaceDataset* validation) const;
    // Whether options.checkpoint_minutes have passed since the last checkpoint.
    [[nodiscard]] bool save_is_due() const;
    // The run's first record, before its data are hashed; see RunFolder::begin.
    void begin() const;
    // metrics.csv and run.json.
    void write_records();

    // What the run ends with before its time: the status in its record, and a checkpoint unless the state may
    // be spoilt.
    void end_early(const std::string& status, const TrainedParts& parts, const RunProgress& progress,
                   bool with_checkpoint);
    // The same, where what ended training may keep these from being written too: the record is tried by
    // itself, with a warning where it fails. False where the checkpoint before stays: without one, or where
    // saving it fails too, for the reason that ended training most likely.
    [[nodiscard]] bool try_to_end_early(const std::string& status, const TrainedParts& parts,
                                        const RunProgress& progress, bool with_checkpoint);
    // How far the run is kept and how to go on, for people: as it is, or with other settings where it would
    // fail again.
    [[nodiscard]] std::string what_is_kept() const;
    [[nodiscard]] std::string what_is_kept_for_other_settings() const;
    [[nodiscard]] bool has_saved() const { return saved_steps_ >= 0; }

  private:
    void open_folder();
    [[nodiscard]] std::string kept_until() const;
    [[nodiscard]] CheckpointInfo checkpoint_info(const RunProgress& progress) const;

    const TrainOptions& options_;
    std::vector<Setting> settings_;
    Preprocessing preprocessing_;
    std::optional<FolderLock> lock_;
    std::optional<RunFolder> folder_;
    RunRecord record_;
    int64_t saved_steps_ = -1, saved_epoch_ = -1;  // of last.safetensors; -1: there is none
    double saved_at_, begin_;                      // seconds of a steady clock
};

}  // namespace unmask
