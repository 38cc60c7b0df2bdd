// SPDX-License-Identifier: Apache-2.0
#include "apps/training/trainer.h"

#include <fmt/ranges.h>

#include <chrono>
#include <cmath>

#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/interrupt.h"
#include "apps/progress.h"
#include "apps/training/mixup.h"
#include "apps/training/run_folder.h"
#include "apps/training/term_means.h"
#include "apps/training/training_inputs.h"
#include "apps/training/training_step.h"
#include "cpu/parallel.h"
#include "data/device_input.h"
#include "data/loader.h"
#include "engine/compute_mode.h"
#include "engine/error.h"
#include "models/checkpoint.h"

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
    EpochRecord train_epoch(int64_t epoch);
    [[nodiscard]] EpochTerms take_step(Batch& batch, double learning_rate);
    void take_up_tuning() const;
    void keep_tuning() const;
    [[nodiscard]] EvaluationScores validate();
    void resume();
    void take_up_threads(int before);
    void stop_if_interrupted() const;
    void save(const std::filesystem::path& file, bool with_optimizer) const;
    void write_records();
    void tell(const EpochRecord& record) const;
    [[noreturn]] void stop_at(const EpochTerms& terms, const Batch& batch) const;

    TrainOptions options_;
    std::vector<Setting> settings_;
    TrainingData data_;
    int threads_, workers_;
    Detector detector_;
    Objective objective_;
    std::unique_ptr<TrainingStep> step_;
    std::unique_ptr<DataLoader> loader_;
    std::optional<DeviceInput> input_;  // on a GPU
    std::optional<RunFolder> folder_;
    RunProgress progress_;  // epochs and steps that are done
    std::optional<EvaluationScores> best_;
    RunRecord record_;
    double begin_ = now();
};

Trainer::Trainer(TrainOptions options)
    : options_(std::move(options)),
      settings_(train_settings(options_)),
      data_(load_training_data(options_)),
      threads_(resolved_threads(options_.threads)),
      workers_(options_.workers > 0 ? options_.workers : threads_),
      detector_(options_.model),
      objective_(options_.objective) {
    initialize_parameters(detector_, objective_, options_);
    folder_ = options_.resume ? RunFolder::reopen(options_.output)
                              : RunFolder::create(options_.output, options_.overwrite);
    detector_.to(options_.compute.device);
    objective_.to(options_.compute.device);
    step_ = std::make_unique<TrainingStep>(detector_, objective_, options_);
    if (options_.compute.device.type != DeviceType::cpu)
        input_.emplace(DeviceInputOptions{.device = options_.compute.device,
                                          .dtype = image_dtype(options_.compute.precision),
                                          .channels = gpu_image_channels,
                                          .normalisation = {}});
    loader_ = std::make_unique<DataLoader>(
        *data_.train, LoaderOptions{.batch = options_.batch,
                                    .threads = workers_,
                                    .seed = options_.seed,
                                    .sampling = {.balanced = options_.balanced,
                                                 .oversample_real = options_.oversample_real},
                                    .drop_last = true,
                                    .augmentation = options_.augmentation,
                                    .normalisation = {},
                                    .raw = input_.has_value()});
    record_ = {.data = options_.data.string(),
               .data_hash = hash_of(data_.manifest),
               .train_pictures = int64_t(data_.train->size()),
               .val_pictures = data_.validation ? int64_t(data_.validation->size()) : 0,
               .parameters = detector_.parameter_count(),
               .threads = threads_,
               .device = name_of(options_.compute.device),
               .precision = std::string(name_of(options_.compute.precision)),
               .schedule = std::string(name_of(options_.compute.schedule)),
               .deterministic = compute_mode().deterministic,
               .status = "running",
               .epochs = {}};
    progress_.threads = threads_;
    if (options_.resume) resume();
}

void Trainer::resume() {
    const LoadedDetector loaded = load_detector(folder_->last());
    progress_ = check_resumable(loaded, folder_->last(), settings_, record_.data_hash);
    detector_.load_state(loaded.detector->state());
    objective_.load_state(loaded.objective);
    restore_optimizer(step_->optimizer(), loaded, folder_->last());
    step_->parameters_changed();
    take_up_tuning();
    // The record may be an epoch ahead of the model: it is written first.
    for (EpochRecord& epoch : folder_->recorded_epochs()) {
        if (epoch.epoch > progress_.epoch) break;
        if (epoch.best) {
            best_ = epoch.validation;
            record_.best_epoch = epoch.epoch;
        }
        record_.epochs.push_back(std::move(epoch));
    }
    take_up_threads(progress_.threads);
    log_notice("going on after epoch {} of {}", progress_.epoch, options_.epochs);
}

// Sums are split among the threads, so that another number of them rounds otherwise.
void Trainer::take_up_threads(int before) {
    progress_.threads = threads_;
    if (before == 0 || before == threads_ || options_.compute.device.type != DeviceType::cpu) return;
    if (options_.threads > 0)
        return log_warning(
            "going on with {} threads a run that was begun with {}: the bytes of the models will differ from "
            "an uninterrupted run's",
            threads_, before);
    log_notice("computing with {} threads as before", before);
    threads_ = record_.threads = progress_.threads = before;
    set_thread_count(before);
}

void Trainer::stop_if_interrupted() const {
    const int signal = InterruptWatch::received();
    if (signal == 0) return;
    std::string text = "interrupted before the first epoch was finished: nothing is kept";
    if (progress_.epoch > 0)
        text = fmt::format("interrupted: the run in {} is kept up to epoch {} of {}",
                           options_.output.string(), progress_.epoch, options_.epochs);
    throw Interruption(signal, text);
}

TrainResult Trainer::run() {
    const InterruptWatch watch;
    write_records();
    log_notice("{} pictures to train on, {} to validate on; {} parameters; {} steps an epoch",
               data_.train->size(), record_.val_pictures, record_.parameters, loader_->batches());
    try {
        while (progress_.epoch < options_.epochs &&
               !(options_.stop_after > 0 && progress_.epoch >= options_.stop_after)) {
            EpochRecord record = train_epoch(progress_.epoch + 1);
            if (data_.validation) record.validation = validate();
            record.best = !data_.validation || !best_ || is_better(*record.validation, *best_);
            progress_.epoch = record.epoch;
            if (record.best) {
                save(folder_->best(), false);
                best_ = record.validation;
                record_.best_epoch = record.epoch;
            }
            record_.epochs.push_back(record);
            write_records();
            keep_tuning();
            save(folder_->last(), true);
            tell(record);
        }
    } catch (const Interruption&) {
        record_.status = "interrupted";
        write_records();
        throw;
    } catch (const std::exception& error) {
        record_.status = error.what();
        write_records();
        throw;
    }
    if (input_)
        log_notice("most memory held on {}: {}", name_of(options_.compute.device),
                   bytes_text(int64_t(context_of(options_.compute.device)->memory().peak_bytes)));
    record_.status = progress_.epoch < options_.epochs ? "stopped" : "done";
    write_records();
    return {.best = folder_->best(), .last = folder_->last(), .record = record_};
}

EpochRecord Trainer::train_epoch(int64_t epoch) {
    EpochRecord record{.epoch = epoch};
    Progress progress(fmt::format("epoch {}/{}", epoch, options_.epochs), loader_->pictures(), "images");
    const int64_t steps_in_all = loader_->batches() * options_.epochs;
    const double begin = now();
    TermMeans means;
    int64_t pictures = 0;
    loader_->start(epoch);
    while (std::optional<Batch> batch = loader_->next()) {
        record.learning_rate = scheduled_rate(options_.schedule, progress_.steps, steps_in_all);
        const EpochTerms terms = take_step(*batch, record.learning_rate);
        if (!std::isfinite(terms.total)) stop_at(terms, *batch);
        ++progress_.steps;
        pictures += int64_t(batch->indices.size());
        means.add(terms, int64_t(batch->indices.size()));
        progress.update(pictures, fmt::format("loss {:.4f}", terms.total));
        stop_if_interrupted();
    }
    if (!step_->finite())
        fail(
            "training stopped after step {} (epoch {}): a parameter is not a finite number; a smaller "
            "learning "
            "rate (--lr) or --clip may help",
            progress_.steps, epoch);
    record.steps = progress_.steps;
    record.loss = means.means();
    record.seconds = now() - begin;
    record.images_per_second = double(pictures) / record.seconds;
    return record;
}

// On a GPU the pictures travel as bytes and are augmented and mixed there.
EpochTerms Trainer::take_step(Batch& batch, double learning_rate) {
    if (!input_) {
        const Targets targets = mix_batch(batch, options_.mixup, options_.seed, progress_.steps);
        return step_->run(batch.images, targets, progress_.steps, learning_rate);
    }
    const MixupDraw draw =
        draw_mixup(options_.mixup, options_.seed, progress_.steps, size_t(batch.labels.numel()));
    const Tensor& images = input_->images(batch, draw.partner, draw.lambda);
    return step_->run(images, mixed_targets(batch.labels, draw), progress_.steps, learning_rate);
}

void Trainer::take_up_tuning() const {
    const auto [device, precision, schedule] = folder_->recorded_compute();
    const std::string merged(name_of(BranchSchedule::merged_stems));  // rounds otherwise than the others
    if (device != record_.device || precision != record_.precision ||
        (schedule == merged) != (record_.schedule == merged))
        log_warning(
            "going on on {} in {} ({}) a run that was begun on {} in {} ({}): the bytes of the models will "
            "differ from an uninterrupted run's",
            record_.device, record_.precision, record_.schedule, device, precision, schedule);
    if (!input_) return;
    const std::string tuning = folder_->tuning();
    const std::string notice =
        tuning.empty() ? "the run kept none" : context_of(options_.compute.device)->set_tuning(tuning);
    if (!notice.empty())
        log_warning(
            "algorithms are chosen anew ({}): the bytes of the models may differ from an uninterrupted run's",
            notice);
}

// Which algorithms a GPU's libraries were found to be fastest with is kept with the run.
void Trainer::keep_tuning() const {
    const std::string tuning = context_of(options_.compute.device)->tuning();
    if (!tuning.empty()) folder_->keep_tuning(tuning);
}

EvaluationScores Trainer::validate() {
    Progress progress("validation", int64_t(data_.validation->size()), "images");
    const std::vector<double> scores = score_dataset(
        detector_, *data_.validation,
        {.batch = options_.batch, .threads = workers_, .compute = options_.compute, .normalisation = {}},
        [&](int64_t done) {
            progress.update(done);
            stop_if_interrupted();
        });
    return evaluate_scores(data_.validation->rows(), scores).all;
}

void Trainer::save(const std::filesystem::path& file, bool with_optimizer) const {
    CheckpointInfo info;
    info.preprocessing = data_.preprocessing;
    info.training = training_metadata(settings_, record_.data_hash, progress_);
    save_detector(file, detector_, &objective_, info,
                  with_optimizer ? optimizer_tensors(step_->optimizer()) : std::map<std::string, Tensor>{});
}

void Trainer::write_records() {
    record_.seconds = now() - begin_;
    folder_->write(record_, settings_);
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

void Trainer::stop_at(const EpochTerms& terms, const Batch& batch) const {
    std::vector<std::string> files;
    for (const size_t index : batch.indices) files.push_back(data_.train->file(index).string());
    const auto term = [](const std::optional<double>& value) {
        if (!value) return std::string("off");
        return std::isnan(*value) ? "nan" : fmt::format("{}", *value);  // never -nan
    };
    fail(
        "training stopped at step {}: the loss is {} (classification {}, global information {}, local "
        "information {}); a smaller learning rate (--lr) or --clip may help; the batch: {}",
        progress_.steps + 1, term(terms.total), term(terms.classification), term(terms.global_information),
        term(terms.local_information), fmt::join(files, ", "));
}

}  // namespace

TrainResult train_detector(TrainOptions options) {
    Trainer trainer(std::move(options));
    return trainer.run();
}

}  // namespace unmask
