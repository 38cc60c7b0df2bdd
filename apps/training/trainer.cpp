// SPDX-License-Identifier: Apache-2.0
#include "apps/training/trainer.h"

#include <fmt/format.h>

#include <chrono>

#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/evaluation/score_file.h"
#include "apps/interrupt.h"
#include "apps/progress.h"
#include "apps/training/epoch_loop.h"
#include "apps/training/frozen_layers.h"
#include "apps/training/resume.h"
#include "apps/training/run_checkpoint.h"
#include "apps/training/training_inputs.h"
#include "apps/training/training_log.h"
#include "apps/training/validation.h"
#include "engine/compute_mode.h"
#include "engine/error.h"

namespace unmask {
namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string figure(const std::optional<double>& value) {
    return value ? fmt::format("{:.4f}", *value) : "n/a";
}

class Trainer {
  public:
    explicit Trainer(TrainOptions options);
    TrainResult run();

  private:
    void open_folder();
    [[nodiscard]] bool is_thawed() const;
    void make_step();
    void resume(const FoundCheckpoint& checkpoint);
    void train_epochs();
    void train_epoch();
    void after_step(const StepRecord& record);
    void stop_if_interrupted() const;
    void keep_what_is_done(const std::string& status, bool with_checkpoint);
    [[nodiscard]] bool try_to_keep_what_is_done(const std::string& status);
    [[nodiscard]] std::string what_is_kept() const;
    void save();
    [[nodiscard]] bool stopped_early() const;
    [[nodiscard]] bool is_complete() const;
    [[nodiscard]] TrainedParts parts() { return {detector_, objective_, *step_}; }
    [[nodiscard]] CheckpointInfo checkpoint_info() const;
    void write_records();
    void tell(const EpochRecord& record) const;

    TrainOptions options_;
    std::vector<Setting> settings_;
    TrainingData data_;
    int threads_, workers_;
    Detector detector_;
    Objective objective_;
    FrozenLayers frozen_;
    std::unique_ptr<TrainingStep> step_;
    std::unique_ptr<EpochLoop> loop_;
    std::optional<RunFolder> folder_;
    RunProgress progress_;
    int64_t saved_steps_ = -1, saved_epoch_ = -1;  // of last.safetensors; -1: there is none
    double saved_at_ = now();
    std::optional<EvaluationScores> best_;
    RunRecord record_;
    double begin_ = now();
    std::vector<std::unique_ptr<TrainingLog>> logs_;
};

Trainer::Trainer(TrainOptions options)
    : options_(std::move(options)),
      settings_(train_settings(options_)),
      data_(load_training_data(options_)),
      threads_(resolved_threads(options_.threads)),
      workers_(options_.workers > 0 ? options_.workers : threads_),
      detector_(options_.model),
      objective_(options_.objective),
      frozen_(detector_, options_.freeze) {
    open_folder();
    std::optional<FoundCheckpoint> checkpoint;
    if (options_.resume) {
        checkpoint = newest_checkpoint(*folder_);
        if (!checkpoint) log_notice("the run had saved nothing yet: starting over");
    }
    if (!checkpoint) initialize_parameters(detector_, objective_, options_);
    options_.ranks.meet();  // all have read what the first will replace
    record_ = {.data = std::filesystem::absolute(options_.data).lexically_normal().string(),
               .data_hash = hash_of(data_.manifest),
               .train_pictures = int64_t(data_.train->size()),
               .val_pictures = data_.validation ? int64_t(data_.validation->size()) : 0,
               .parameters = detector_.parameter_count(),
               .threads = threads_,
               .processes = options_.ranks.size(),
               .device = name_of(options_.compute.device),
               .precision = std::string(name_of(options_.compute.precision)),
               .schedule = std::string(name_of(options_.compute.schedule)),
               .deterministic = compute_mode().deterministic,
               .status = "running",
               .epochs = {}};
    detector_.to(options_.compute.device);
    objective_.to(options_.compute.device);
    loop_ = std::make_unique<EpochLoop>(options_, *data_.train, workers_);
    if (checkpoint) {
        resume(*checkpoint);
    } else {
        write_records();
        make_step();
    }
    if (options_.ranks.lead()) logs_ = training_logs(folder_->path(), progress_);
}

void Trainer::open_folder() {
    const Ranks& ranks = options_.ranks;
    if (ranks.lead())
        folder_ = options_.resume ? RunFolder::reopen(options_.output)
                                  : RunFolder::create(options_.output, options_.overwrite);
    ranks.meet();
    if (!ranks.lead()) folder_ = RunFolder::follow(options_.output);
}

bool Trainer::is_thawed() const {
    return !options_.freeze.empty() && options_.freeze_epochs > 0 &&
           progress_.epoch >= options_.freeze_epochs;
}

// For the layers that are trained in the next epoch. A step for other layers gives it the averages of the
// weights that it had; its optimizer's memory ends with it.
void Trainer::make_step() {
    if (is_thawed()) frozen_.thaw();
    frozen_.freeze();
    auto step = std::make_unique<TrainingStep>(detector_, objective_, options_);
    if (step_ && step_->average()) step->average()->load_state(step_->average()->state());
    step_ = std::move(step);
    if (frozen_.any())
        log_notice("{} of {} parameters are frozen", frozen_.parameter_count(), record_.parameters);
}

void Trainer::resume(const FoundCheckpoint& checkpoint) {
    RecordedRun run = folder_->recorded();
    progress_ = check_resumable(checkpoint.loaded, checkpoint.path, settings_, record_.data_hash);
    threads_ = record_.threads = threads_to_go_on_with(run.threads, threads_, options_);
    if (progress_.batch > loop_->batches())
        fail("{}: cannot be resumed: expected at most {} batches in an epoch, found {}",
             checkpoint.path.string(), loop_->batches(), progress_.batch);
    make_step();
    const int64_t frozen_steps = is_thawed() ? options_.freeze_epochs * loop_->batches() : 0;
    restore_checkpoint(checkpoint.loaded, checkpoint.path, parts(), progress_.steps - frozen_steps);
    take_up_tuning(*folder_, run, options_.compute);
    // The record may be an epoch ahead of the model: it is written first.
    for (EpochRecord& epoch : run.epochs) {
        if (epoch.epoch > progress_.epoch) break;
        if (epoch.best) {
            best_ = epoch.validation;
            record_.best_epoch = epoch.epoch;
        }
        record_.epochs.push_back(std::move(epoch));
    }
    if (int64_t(record_.epochs.size()) != progress_.epoch)
        fail("{}: cannot be resumed: run.json has {} of the {} epochs before it", checkpoint.path.string(),
             record_.epochs.size(), progress_.epoch);
    if (run.processes != options_.ranks.size())
        log_warning(
            "going on with {} processes a run that was begun with {}: the bytes of the models will differ "
            "from "
            "an uninterrupted run's",
            options_.ranks.size(), run.processes);
    begin_ -= run.seconds;
    if (checkpoint.path == folder_->last()) {
        saved_steps_ = progress_.steps;
        saved_epoch_ = progress_.epoch;
    }
    // The best model is written after the checkpoint that it is made from.
    if (options_.ranks.lead() && progress_.batch == 0 && record_.best_epoch == progress_.epoch &&
        !is_of_epoch(folder_->best(), progress_.epoch))
        save_best(folder_->best(), parts(), checkpoint_info());
    write_records();
    if (is_complete()) return;
    log_notice("going on after epoch {} of {}{}", progress_.epoch, options_.epochs,
               progress_.batch == 0 ? "" : fmt::format(" and {} batches", progress_.batch));
}

TrainResult Trainer::run() {
    const InterruptWatch watch;
    if (options_.ranks.group)
        options_.ranks.group->set_stop_request([] { return InterruptWatch::received() != 0; });
    const bool was_complete = is_complete();
    log_notice("{} pictures to train on, {} to validate on; {} parameters; {} steps an epoch",
               data_.train->size(), record_.val_pictures, record_.parameters, loop_->batches());
    try {
        train_epochs();
    } catch (const Interruption& interruption) {
        keep_what_is_done("interrupted", true);
        throw Interruption(interruption.signal(), fmt::format("interrupted: {}", what_is_kept()));
    } catch (const RankLost& error) {  // in the middle of a step
        keep_what_is_done(error.what(), false);
        if (!options_.ranks.lead()) throw;
        fail("{}; {}", error.what(), what_is_kept());
    } catch (const TrainingDiverged& error) {  // the state may be spoilt already
        keep_what_is_done(error.what(), false);
        throw;
    } catch (const Error& error) {
        if (!options_.ranks.lead()) throw;
        const bool kept = try_to_keep_what_is_done(error.what());
        if (saved_steps_ < 0) throw;
        fail("{}; {}{}", error.what(), kept ? "" : "the latest steps are lost, ", what_is_kept());
    }
    if (options_.compute.device.type != DeviceType::cpu)
        log_notice("most memory held on {}: {}", name_of(options_.compute.device),
                   bytes_text(int64_t(context_of(options_.compute.device)->memory().peak_bytes)));
    record_.status = is_complete() ? "done" : "stopped";
    record_.stopped_early = stopped_early() && progress_.epoch < options_.epochs;
    write_records();
    for (const auto& log : logs_) log->on_end();
    return {
        .best = folder_->best(), .last = folder_->last(), .record = record_, .was_complete = was_complete};
}

void Trainer::train_epochs() {
    while (!is_complete() && !(options_.stop_after > 0 && progress_.epoch >= options_.stop_after)) {
        if (frozen_.any() && is_thawed()) make_step();
        train_epoch();
        if (stopped_early())
            log_notice("ending after epoch {}: no better validation since epoch {}", progress_.epoch,
                       record_.best_epoch);
    }
}

void Trainer::train_epoch() {
    frozen_.freeze();
    loop_->run(*step_, progress_, [this](const StepRecord& record) { after_step(record); });
    EpochRecord record = loop_->record(progress_);
    std::vector<double> scores;
    if (data_.validation) {
        const AveragedWeights averaged(step_->average());
        Validation validation = validate(detector_, *data_.validation, options_, workers_, [this] {
            if (!options_.ranks.group) stop_if_interrupted();  // together they stop after a step
        });
        record.validation = validation.figures;
        scores = std::move(validation.scores);
    }
    record.best = !data_.validation || !best_ || is_better(*record.validation, *best_);
    progress_.next_epoch();
    if (record.best) {
        best_ = record.validation;
        record_.best_epoch = record.epoch;
    }
    record_.epochs.push_back(record);
    write_records();
    if (options_.ranks.lead() && record.best && data_.validation)
        write_scores(folder_->path() / validation_scores_name, data_.validation->rows(), scores);
    for (const auto& log : logs_) log->on_epoch(record);
    save();
    if (options_.ranks.lead() && record.best) save_best(folder_->best(), parts(), checkpoint_info());
    options_.ranks.check_equal(step_->parameters());
    tell(record);
}

void Trainer::after_step(const StepRecord& record) {
    for (const auto& log : logs_) log->on_step(record);
    if (now() - saved_at_ >= options_.checkpoint_minutes * 60) save();
    stop_if_interrupted();
}

void Trainer::stop_if_interrupted() const {
    if (const int signal = options_.ranks.signal(); signal != 0) throw Interruption(signal, "interrupted");
}

void Trainer::keep_what_is_done(const std::string& status, bool with_checkpoint) {
    record_.status = status;
    if (with_checkpoint && progress_.steps > 0) save();
    write_records();
}

// Where that fails too, for the reason that ended training most likely, the checkpoint before stays.
bool Trainer::try_to_keep_what_is_done(const std::string& status) {
    try {
        keep_what_is_done(status, true);
        return true;
    } catch (const Error&) {  // TrainingDiverged too
        return false;
    }
}

std::string Trainer::what_is_kept() const {
    if (saved_steps_ < 0) return "before the first step was taken: nothing is kept";
    return fmt::format(
        "the run in {} is kept up to step {} (epoch {} of {}); to go on: unmask train --resume {}",
        options_.output.string(), saved_steps_, saved_epoch_ + 1, options_.epochs, options_.output.string());
}

bool Trainer::stopped_early() const {
    return options_.patience > 0 && data_.validation != nullptr && record_.best_epoch > 0 &&
           progress_.epoch - record_.best_epoch >= options_.patience;
}

bool Trainer::is_complete() const {
    return progress_.epoch >= options_.epochs || (progress_.batch == 0 && stopped_early());
}

CheckpointInfo Trainer::checkpoint_info() const {
    return {.preprocessing = data_.preprocessing,
            .training = training_metadata(settings_, record_.data_hash, progress_)};
}

void Trainer::save() {
    if (saved_steps_ == progress_.steps && saved_epoch_ == progress_.epoch) return;
    EpochLoop::check_finite(*step_, progress_);
    if (options_.ranks.lead()) {
        keep_tuning(*folder_, options_.compute);
        if (saved_steps_ >= 0 && options_.keep > 1) folder_->set_aside_last(saved_steps_);
        save_checkpoint(folder_->last(), parts(), checkpoint_info());
        folder_->remove_old_checkpoints(options_.keep - 1);
    }
    saved_steps_ = progress_.steps;
    saved_epoch_ = progress_.epoch;
    saved_at_ = now();
}

void Trainer::write_records() {
    record_.seconds = now() - begin_;
    if (options_.ranks.lead()) folder_->write(record_, settings_);
}

void Trainer::tell(const EpochRecord& record) const {
    std::string text = fmt::format("epoch {}/{}: loss {:.4f}, {:.1f} images/s", record.epoch, options_.epochs,
                                   record.loss.total, record.images_per_second);
    if (record.validation) {
        const EvaluationScores& scores = *record.validation;
        text += fmt::format(", validation: frame AUC {}, video AUC {}, frame ACC {}{}",
                            figure(scores.frame.auc), figure(scores.video.auc), figure(scores.frame.accuracy),
                            record.best ? " (best)" : "");
    }
    log_notice("{}", text);
}

}  // namespace

TrainResult train_detector(TrainOptions options) {
    Trainer trainer(std::move(options));
    return trainer.run();
}

}  // namespace unmask
