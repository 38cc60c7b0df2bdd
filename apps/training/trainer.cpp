// SPDX-License-Identifier: Apache-2.0
#include "apps/training/trainer.h"

#include <fmt/format.h>

#include "apps/console.h"
#include "apps/counted.h"
#include "apps/evaluation/score_file.h"
#include "apps/interrupt.h"
#include "apps/memory_check.h"
#include "apps/progress.h"
#include "apps/training/best_calibration.h"
#include "apps/training/epoch_loop.h"
#include "apps/training/frozen_layers.h"
#include "apps/training/lost_rank.h"
#include "apps/training/resume.h"
#include "apps/training/run_keeper.h"
#include "apps/training/training_inputs.h"
#include "apps/training/training_log.h"
#include "apps/training/validation.h"
#include "engine/compute_mode.h"
#include "engine/error.h"

namespace unmask {
namespace {

class Trainer {
  public:
    explicit Trainer(TrainOptions options);
    TrainResult run();

  private:
    [[nodiscard]] RunRecord new_record() const;
    [[nodiscard]] bool is_thawed() const;
    void make_step();
    void resume(const FoundCheckpoint& checkpoint);
    void train_epochs();
    void train_epoch();
    void after_step(const StepRecord& record);
    void stop_if_interrupted() const;
    [[nodiscard]] bool stopped_early() const;
    [[nodiscard]] bool is_complete() const;
    [[nodiscard]] TrainedParts parts() { return {detector_, objective_, *step_}; }

    TrainOptions options_;
    TrainingData data_;
    int threads_, workers_;
    Detector detector_;
    Objective objective_;
    FrozenLayers frozen_;
    RunKeeper keeper_;
    std::unique_ptr<TrainingStep> step_;
    std::unique_ptr<EpochLoop> loop_;
    RunProgress progress_;
    bool has_stepped_ = false;  // step_
    std::optional<EvaluationScores> best_;
    std::vector<std::unique_ptr<TrainingLog>> logs_;
};

Trainer::Trainer(TrainOptions options)
    : options_(std::move(options)),
      data_(load_training_data(options_)),
      threads_(resolved_threads(options_.threads)),
      workers_(options_.workers > 0 ? options_.workers : threads_),
      detector_(options_.model),
      objective_(options_.objective),
      frozen_(detector_, options_.freeze),
      keeper_(options_, train_settings(options_), data_.preprocessing) {
    std::optional<FoundCheckpoint> checkpoint;
    if (options_.resume) {
        checkpoint = newest_checkpoint(keeper_.folder());
        if (!checkpoint) log_notice("the run had saved nothing yet: starting over");
    }
    if (!checkpoint) initialize_parameters(detector_, objective_, options_);
    detector_.to(options_.compute.device);
    objective_.to(options_.compute.device);
    loop_ = std::make_unique<EpochLoop>(options_, *data_.train, workers_);
    options_.ranks.meet();  // all have read what the first will replace, and found nothing wrong
    keeper_.record() = new_record();
    if (!checkpoint) keeper_.begin();
    keeper_.record().data_hash = hash_training_data(data_.manifest, options_);
    keeper_.record().status = "running";
    if (checkpoint) {
        resume(*checkpoint);
    } else {
        keeper_.write_records();
        make_step();
    }
    if (options_.ranks.lead()) logs_ = training_logs(keeper_.folder().path(), progress_);
}

RunRecord Trainer::new_record() const {
    return {.data = std::filesystem::absolute(options_.data).lexically_normal().string(),
            .data_hash = {},
            .train_pictures = int64_t(data_.train->size()),
            .val_pictures = data_.validation ? int64_t(data_.validation->size()) : 0,
            .parameters = detector_.parameter_count(),
            .session = current_session(threads_, options_.ranks.size(), options_.compute,
                                       compute_mode().deterministic),
            .earlier_sessions = {},
            .status = starting_status,
            .epochs = {}};
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
    if (step_) step_->release_memory();
    auto step = std::make_unique<TrainingStep>(detector_, objective_, options_);
    if (step_ && step_->average()) step->average()->load_state(step_->average()->state());
    step_ = std::move(step);
    has_stepped_ = false;
    if (frozen_.any())
        log_notice("{} of {} parameters are frozen", frozen_.parameter_count(), keeper_.record().parameters);
}

void Trainer::resume(const FoundCheckpoint& checkpoint) {
    const RecordedRun run = keeper_.folder().recorded();
    RunRecord& record = keeper_.record();
    progress_ = check_resumable(checkpoint.loaded, checkpoint.path, keeper_.settings(), record.data_hash);
    threads_ = threads_to_go_on_with(run.sessions.back().threads, threads_, options_);
    record.session.threads = threads_;
    if (progress_.batch > loop_->batches())
        fail("{}: cannot be resumed: expected at most {} batches in an epoch, found {}",
             checkpoint.path.string(), loop_->batches(), progress_.batch);
    make_step();
    const int64_t frozen_steps = is_thawed() ? options_.freeze_epochs * loop_->batches() : 0;
    restore_checkpoint(checkpoint.loaded, checkpoint.path, parts(), progress_.steps - frozen_steps);
    take_up_tuning(keeper_.folder(), options_);
    best_ = take_up_epochs(run, checkpoint.path, progress_.epoch, record);
    take_up_sessions(run, progress_.steps, is_complete(), record);
    keeper_.take_up(checkpoint.path, progress_, run.seconds);
    const bool is_best = progress_.batch == 0 && record.best_epoch == progress_.epoch;
    if (options_.ranks.lead()) keeper_.folder().take_waiting_scores(is_best ? progress_.epoch : 0);
    // The best model is written after the checkpoint that it is made from.
    if (options_.ranks.lead() && is_best && !is_of_epoch(keeper_.folder().best(), progress_.epoch))
        keeper_.save_best(parts(), progress_, data_.validation.get());
    keeper_.write_records();
    if (is_complete()) return;
    log_notice("going on after epoch {} of {}{}", progress_.epoch, options_.epochs,
               progress_.batch == 0 ? "" : fmt::format(" and {} batches", progress_.batch));
}

TrainResult Trainer::run() {
    const InterruptWatch watch;
    if (options_.ranks.group)
        options_.ranks.group->patience().set_stop_request([] { return InterruptWatch::received() != 0; });
    const bool was_complete = is_complete();
    RunRecord& record = keeper_.record();
    log_notice("{} to train on, {} to validate on; {} parameters; {} an epoch",
               counted(data_.train->size(), "picture", "pictures"), record.val_pictures, record.parameters,
               counted(loop_->batches(), "step", "steps"));
    try {
        train_epochs();
    } catch (const Interruption& interruption) {
        keeper_.end_early("interrupted", parts(), progress_, true);
        throw Interruption(interruption.signal(), fmt::format("interrupted: {}", keeper_.what_is_kept()));
    } catch (const RankLost& error) {  // in the middle of a step
        keeper_.end_early(error.what(), parts(), progress_, false);
        const std::string text = fmt::format("{}; {}", error.what(), keeper_.what_is_kept());
        tell_lost_rank(options_, text);
        throw ToldRankLost(text);
    } catch (const TrainingDiverged& error) {  // the state may be spoilt already
        keeper_.end_early(error.what(), parts(), progress_, false);
        throw TrainingDiverged(
            fmt::format("{}; {}", error.what(), keeper_.what_is_kept_for_other_settings()));
    } catch (const Error& error) {
        if (!options_.ranks.lead()) throw;
        const bool kept = keeper_.try_to_end_early(error.what(), parts(), progress_, !step_->updating());
        if (!keeper_.has_saved()) fail("{}; nothing of the run was kept yet", error.what());
        fail("{}; {}{}", error.what(), kept ? "" : "the latest steps are lost, ", keeper_.what_is_kept());
    } catch (const std::exception& error) {  // no memory: the step may have been left in its middle
        if (options_.ranks.lead())
            static_cast<void>(keeper_.try_to_end_early(error.what(), parts(), progress_, false));
        throw;
    }
    if (options_.compute.device.type != DeviceType::cpu)
        log_notice("most memory held on {}: {}", name_of(options_.compute.device),
                   bytes_text(int64_t(context_of(options_.compute.device)->memory().peak_bytes)));
    if (options_.ranks.lead())
        if (const std::optional<CalibrationFit> fit = calibration_of_run(keeper_.folder().path()))
            log_notice("{}", temperature_line(*fit));
    record.status = is_complete() ? "done" : "stopped";
    record.stopped_early = stopped_early() && progress_.epoch < options_.epochs;
    keeper_.write_records();
    for (const auto& log : logs_) log->on_end();
    return {.best = keeper_.folder().best(),
            .last = keeper_.folder().last(),
            .record = record,
            .was_complete = was_complete};
}

void Trainer::train_epochs() {
    while (!is_complete() && !(options_.stop_after > 0 && progress_.epoch >= options_.stop_after)) {
        if (frozen_.any() && is_thawed()) make_step();
        train_epoch();
        if (stopped_early())
            log_notice("ending after epoch {}: no better validation since epoch {}", progress_.epoch,
                       keeper_.record().best_epoch);
    }
}

void Trainer::train_epoch() {
    frozen_.freeze();
    loop_->run(*step_, progress_, [this](const StepRecord& record) { after_step(record); });
    EpochRecord record = loop_->record(progress_);
    std::vector<double> scores;
    if (data_.validation) {
        step_->release_memory();  // validation has its own
        const AveragedWeights averaged(step_->average());
        Validation validation = validate(detector_, *data_.validation, options_, workers_, [this] {
            if (!options_.ranks.group) stop_if_interrupted();  // together they stop after a step
        });
        record.validation = validation.figures;
        scores = std::move(validation.scores);
    }
    record.best = !data_.validation || !best_ || is_better(*record.validation, *best_);
    keeper_.keep_tuning();
    progress_.next_epoch();
    if (record.best) {
        best_ = record.validation;
        keeper_.record().best_epoch = record.epoch;
    }
    keeper_.record().epochs.push_back(record);
    keeper_.write_records();
    const bool keeps_scores = options_.ranks.lead() && record.best && data_.validation;
    if (keeps_scores)
        write_scores(keeper_.folder().waiting_scores(record.epoch), data_.validation->rows(), scores);
    for (const auto& log : logs_) log->on_epoch(record);
    keeper_.save(parts(), progress_);
    // Not before: the run may have to go on from an earlier epoch, whose scores these are not.
    if (keeps_scores) keeper_.folder().take_waiting_scores(record.epoch);
    if (record.best) keeper_.save_best(parts(), progress_, data_.validation.get());
    options_.ranks.check_equal(step_->parameters());
    log_notice("{}", epoch_line(record, options_.epochs));
}

void Trainer::after_step(const StepRecord& record) {
    for (const auto& log : logs_) log->on_step(record);
    if (!has_stepped_) keeper_.keep_tuning();  // what step_ needs, its first run has chosen
    has_stepped_ = true;
    if (keeper_.save_is_due()) keeper_.save(parts(), progress_);
    stop_if_interrupted();
}

void Trainer::stop_if_interrupted() const {
    if (const int signal = options_.ranks.signal(); signal != 0) throw Interruption(signal, "interrupted");
}

bool Trainer::stopped_early() const {
    const int64_t best_epoch = keeper_.record().best_epoch;
    return options_.patience > 0 && data_.validation != nullptr && best_epoch > 0 &&
           progress_.epoch - best_epoch >= options_.patience;
}

bool Trainer::is_complete() const {
    return progress_.epoch >= options_.epochs || (progress_.batch == 0 && stopped_early());
}

}  // namespace

TrainResult train_detector(TrainOptions options) {
    if (options.compute.device.type == DeviceType::cpu)
        check_memory("train", options.model, options.batch, true);
    Trainer trainer(std::move(options));
    return trainer.run();
}

}  // namespace unmask
