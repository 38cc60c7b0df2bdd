// SPDX-License-Identifier: Apache-2.0
#include "apps/training/epoch_loop.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "apps/progress.h"
#include "engine/error.h"

namespace unmask {
namespace {

using Clock = std::chrono::steady_clock;

LoaderOptions loader_options(const TrainOptions& options, int workers, bool raw) {
    return {.batch = options.batch,
            .threads = workers,
            .seed = options.seed,
            .sampling = {.pictures_a_video = options.pictures_a_video,
                         .oversample_real = options.oversample_real,
                         .oversample = parse_oversampling(options.oversample),
                         .balanced = options.balanced},
            .drop_last = true,
            .augmentation = options.augmentation,
            .normalisation = {},
            .raw = raw,
            .part = options.ranks.rank(),
            .parts = options.ranks.size()};
}

}  // namespace

EpochLoop::EpochLoop(const TrainOptions& options, const FaceDataset& pictures, int workers)
    : options_(options),
      pictures_(pictures),
      loader_(pictures, loader_options(options, workers, options.compute.device.type != DeviceType::cpu)) {
    if (options.compute.device.type != DeviceType::cpu)
        input_.emplace(DeviceInputOptions{.device = options.compute.device,
                                          .dtype = image_dtype(options.compute.precision),
                                          .channels = gpu_image_channels(options.compute.precision),
                                          .normalisation = {}});
    const int64_t batch = std::min<int64_t>(options.batch, loader_.pictures());
    if (batch % options.ranks.size() != 0)
        fail(
            "{} processes share every batch equally: expected a batch of a multiple of as many pictures, "
            "found {}",
            options.ranks.size(), batch);
}

double EpochLoop::learning_rate(int64_t step) const {
    return scheduled_rate(options_.schedule, step, {.epochs = options_.epochs, .steps = loader_.batches()});
}

void EpochLoop::run(TrainingStep& step, RunProgress& progress,
                    const std::function<void(const StepRecord&)>& after_step) {
    Progress bar(fmt::format("epoch {}/{}", progress.epoch + 1, options_.epochs), loader_.pictures(),
                 "images");
    loader_.start(progress.epoch + 1, progress.batch);
    ahead_.reset();
    uploaded_ = false;
    Clock::time_point begin = Clock::now();
    while (std::optional<Batch> batch = next_batch()) {
        const EpochTerms terms = take_step(step, *batch, progress.steps);
        if (!std::isfinite(terms.total)) stop_at(progress.steps, terms, *batch);
        const Clock::time_point end = Clock::now();
        progress.seconds += std::chrono::duration<double>(end - begin).count();
        ++progress.steps;
        ++progress.batch;
        const auto pictures = int64_t(batch->indices.size()) * options_.ranks.size();
        progress.terms.add(terms, pictures);
        bar.update(progress.terms.pictures, fmt::format("loss {:.4f}", terms.total));
        const double seconds = std::chrono::duration<double>(end - begin).count();
        after_step({.step = progress.steps,
                    .terms = terms,
                    .learning_rate = learning_rate(progress.steps - 1),
                    .images_per_second = double(pictures) / seconds});
        begin = end;
    }
    check_finite(step, progress);
}

void EpochLoop::check_finite(const TrainingStep& step, const RunProgress& progress) {
    if (step.finite()) return;
    throw TrainingDiverged(fmt::format(
        "training stopped after step {} (epoch {}): a parameter is not a finite number; a smaller learning "
        "rate (--lr) or --clip may help",
        progress.steps, progress.epoch + 1));
}

EpochRecord EpochLoop::record(const RunProgress& progress) const {
    EpochRecord record{.epoch = progress.epoch + 1, .steps = progress.steps, .loss = progress.terms.means()};
    record.learning_rate = learning_rate(progress.steps - 1);
    record.seconds = progress.seconds;
    record.images_per_second = double(progress.terms.pictures) / progress.seconds;
    return record;
}

std::optional<Batch> EpochLoop::next_batch() {
    if (!ahead_) return loader_.next();
    const Ahead ahead = *std::exchange(ahead_, std::nullopt);
    if (ahead.error) std::rethrow_exception(ahead.error);
    uploaded_ = ahead.uploaded;
    return ahead.batch;
}

// On a GPU the next batch is loaded and sent while the step before it is computed; an error of loading it is
// told when that step is complete. Where several ranks mix pictures, these are gathered when their step's
// turn has come.
void EpochLoop::look_ahead(int64_t number) {
    ahead_.emplace();
    try {
        ahead_->batch = loader_.next();
    } catch (...) {
        ahead_->error = std::current_exception();
        return;
    }
    if (!ahead_->batch || (options_.ranks.group && options_.mixup > 0)) return;
    const MixupDraw draw =
        draw_mixup(options_.mixup, options_.seed, number, size_t(ahead_->batch->labels.numel()));
    input_->upload_ahead(*ahead_->batch, draw.partner, draw.lambda);
    ahead_->uploaded = true;
}

EpochTerms EpochLoop::take_step(TrainingStep& step, Batch& batch, int64_t number) {
    const double rate = learning_rate(number);
    if (options_.ranks.group)
        enqueue_together(step, batch, number, rate);
    else
        enqueue(step, batch, number, rate);
    if (input_) look_ahead(number + 1);
    return step.terms();
}

// On a GPU the pictures travel as bytes and are augmented and mixed there.
const Tensor& EpochLoop::device_images(const Batch& batch, const MixupDraw& draw) {
    if (!std::exchange(uploaded_, false)) return input_->images(batch, draw.partner, draw.lambda);
    input_->take();
    return input_->compute();
}

void EpochLoop::enqueue(TrainingStep& step, Batch& batch, int64_t number, double rate) {
    if (!input_) {
        const Targets targets = mix_batch(batch, options_.mixup, options_.seed, number);
        return step.enqueue(batch.images, targets, number, rate);
    }
    const MixupDraw draw = draw_mixup(options_.mixup, options_.seed, number, size_t(batch.labels.numel()));
    step.enqueue(device_images(batch, draw), mixed_targets(batch.labels, draw), number, rate);
}

// The objective is computed on every rank from the whole batch, so that all labels are needed; pictures of
// other ranks only where they are mixed with this one's.
void EpochLoop::enqueue_together(TrainingStep& step, const Batch& part, int64_t number, double rate) {
    const Ranks& ranks = options_.ranks;
    Batch batch = ranks.whole(part, options_.mixup > 0);
    if (options_.mixup <= 0) {
        const Tensor& images = input_ ? device_images(part, {}) : part.images;
        return step.enqueue(images, mixed_targets(batch.labels, {}), number, rate);
    }
    if (!input_) {
        const Targets targets = mix_batch(batch, options_.mixup, options_.seed, number);
        return step.enqueue(ranks.own_rows(batch.images).clone(), targets, number, rate);
    }
    const MixupDraw draw = draw_mixup(options_.mixup, options_.seed, number, size_t(batch.labels.numel()));
    const Tensor& images = device_images(batch, draw);
    step.enqueue(ranks.own_rows(images), mixed_targets(batch.labels, draw), number, rate);
}

void EpochLoop::stop_at(int64_t step, const EpochTerms& terms, const Batch& batch) const {
    constexpr size_t shown = 3;
    const std::vector<size_t> indices = options_.ranks.whole(batch.indices);
    std::vector<std::string> files;
    for (const size_t index : indices)
        if (files.size() < shown) files.push_back(pictures_.file(index).string());
    const std::string more =
        indices.size() > shown ? fmt::format(" and {} more", indices.size() - shown) : "";
    const auto term = [](const std::optional<double>& value) {
        if (!value) return std::string("off");
        return std::isnan(*value) ? "nan" : fmt::format("{}", *value);  // never -nan
    };
    throw TrainingDiverged(fmt::format(
        "training stopped at step {}: the loss is {} (classification {}, global information {}, local "
        "information {}); a smaller learning rate (--lr) or --clip may help; the batch: {}{}",
        step + 1, term(terms.total), term(terms.classification), term(terms.global_information),
        term(terms.local_information), fmt::join(files, ", "), more));
}

}  // namespace unmask
