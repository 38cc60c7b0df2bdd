// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_keeper.h"

#include <fmt/format.h>

#include <chrono>

#include "apps/console.h"
#include "apps/output_files.h"
#include "apps/training/best_calibration.h"
#include "apps/training/epoch_loop.h"
#include "engine/context.h"
#include "engine/error.h"
#include "engine/process_group.h"

namespace unmask {
namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

RunKeeper::RunKeeper(const TrainOptions& options, std::vector<Setting> settings, Preprocessing preprocessing)
    : options_(options),
      settings_(std::move(settings)),
      preprocessing_(preprocessing),
      saved_at_(now()),
      begin_(now()) {
    open_folder();
}

void RunKeeper::open_folder() {
    const Ranks& ranks = options_.ranks;
    if (ranks.lead()) {
        if (options_.resume)
            static_cast<void>(RunFolder::reopen(options_.output));  // there is one
        else
            make_folder(options_.output);
        lock_.emplace(options_.output, "training into this run");
        folder_ = options_.resume ? RunFolder::reopen(options_.output)
                                  : RunFolder::create(options_.output, options_.overwrite);
    }
    ranks.meet();
    if (!ranks.lead()) folder_ = RunFolder::follow(options_.output);
}

void RunKeeper::take_up(const std::filesystem::path& checkpoint, const RunProgress& progress,
                        double seconds) {
    begin_ -= seconds;
    if (checkpoint != folder_->last()) return;
    saved_steps_ = progress.steps;
    saved_epoch_ = progress.epoch;
}

CheckpointInfo RunKeeper::checkpoint_info(const RunProgress& progress) const {
    return {.preprocessing = preprocessing_,
            .training = training_metadata(settings_, record_.data_hash, progress)};
}

// Choices are only ever added, so that those of a checkpoint stay true when later ones are kept before it is
// replaced.
void RunKeeper::keep_tuning() const {
    const std::string own = context_of(options_.compute.device)->tuning();
    ProcessGroup* const group = options_.ranks.group.get();
    const std::vector<std::string> all = group == nullptr ? std::vector{own} : gather_texts(*group, own);
    if (!options_.ranks.lead()) return;
    for (size_t rank = 0; rank < all.size(); ++rank)
        if (!all[rank].empty()) folder_->keep_tuning(all[rank], int(rank));
}

void RunKeeper::save(const TrainedParts& parts, const RunProgress& progress) {
    if (saved_steps_ == progress.steps && saved_epoch_ == progress.epoch) return;
    EpochLoop::check_finite(parts.step, progress);
    if (options_.ranks.lead()) {
        if (saved_steps_ >= 0 && options_.keep > 1) folder_->set_aside_last(saved_steps_);
        save_checkpoint(folder_->last(), parts, checkpoint_info(progress));
        folder_->remove_old_checkpoints(options_.keep - 1);
    }
    saved_steps_ = progress.steps;
    saved_epoch_ = progress.epoch;
    saved_at_ = now();
}

void RunKeeper::save_best(const TrainedParts& parts, const RunProgress& progress,
                          const FaceDataset* validation) const {
    if (!options_.ranks.lead()) return;
    CheckpointInfo info = checkpoint_info(progress);
    if (const std::optional<CalibrationFit> fit = calibration_of_run(folder_->path()))
        info.calibration = fit->calibration;
    unmask::save_best(folder_->best(), parts, info, validation, options_);
}

bool RunKeeper::save_is_due() const {
    return now() - saved_at_ >= options_.checkpoint_minutes * 60;
}

void RunKeeper::begin() const {
    if (options_.ranks.lead()) folder_->begin(record_, settings_);
}

void RunKeeper::write_records() {
    record_.seconds = now() - begin_;
    if (options_.ranks.lead()) folder_->write(record_, settings_);
}

void RunKeeper::end_early(const std::string& status, const TrainedParts& parts, const RunProgress& progress,
                          bool with_checkpoint) {
    record_.status = status;
    if (with_checkpoint && progress.steps > 0) save(parts, progress);
    write_records();
}

bool RunKeeper::try_to_end_early(const std::string& status, const TrainedParts& parts,
                                 const RunProgress& progress, bool with_checkpoint) {
    record_.status = status;
    bool kept = with_checkpoint;
    try {
        if (with_checkpoint && progress.steps > 0) save(parts, progress);
    } catch (const Error&) {  // TrainingDiverged too
        kept = false;
    }
    try {
        write_records();  // in any case: a record is small, and what failed to be saved has left its room
    } catch (const Error& error) {
        log_warning("why the run ended is not recorded: {}", error.what());
    }
    return kept;
}

std::string RunKeeper::what_is_kept() const {
    if (!options_.ranks.lead()) {  // the first saves when its own clock says so
        if (!std::filesystem::exists(folder_->last())) return "nothing is kept yet";
    } else if (!has_saved()) {
        return "before the first step was taken: nothing is kept";
    }
    return fmt::format("{}; to go on: unmask train --resume {}", kept_until(), options_.output.string());
}

std::string RunKeeper::what_is_kept_for_other_settings() const {
    if (!std::filesystem::exists(folder_->last())) return "nothing of the run was kept yet";
    return fmt::format("{}; to go on from it with other settings: unmask train --init {} --out …",
                       kept_until(), folder_->last().string());
}

std::string RunKeeper::kept_until() const {
    if (!options_.ranks.lead() || !has_saved())
        return fmt::format("the run is kept up to {}", folder_->last().string());
    return fmt::format("the run in {} is kept up to step {} (epoch {} of {})", options_.output.string(),
                       saved_steps_, saved_epoch_ + 1, options_.epochs);
}

}  // namespace unmask
