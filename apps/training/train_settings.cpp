// SPDX-License-Identifier: Apache-2.0
// The table of training's settings.
#include <fmt/format.h>

#include "apps/settings/setting_kinds.h"
#include "models/backbone.h"

namespace unmask {

using namespace setting_kinds;

namespace {

// A probability for each augmentation, and its parameters: "jpeg", "jpeg_quality".
void add_augmentation_settings(std::vector<Setting>& settings, Augmentation& augmentation) {
    settings.push_back(number(
        {"augmentation", "strength", "how far augmentation may change a picture; 0: not at all"}, 0, 1,
        [&augmentation] { return augmentation.strength(); },
        [&augmentation](double value) { augmentation.set_strength(value); }));
    settings.push_back(number(
        {"augmentation", "one_of",
         "probability of exactly one of brightness_contrast, pca_colour and hue_saturation, chosen in "
         "proportion to theirs; 0: each by itself"},
        0, 1, [&augmentation] { return augmentation.one_of(); },
        [&augmentation](double value) { augmentation.set_one_of(value); }));
    for (size_t i = 0; i < augmentation_table().size(); ++i) {
        const AugmentationEntry& entry = augmentation_table()[i];
        settings.push_back(number(
            {"augmentation", entry.name, fmt::format("probability to {}", entry.text)}, 0, 1,
            [&augmentation, i] { return augmentation.items()[i].probability; },
            [&augmentation, &entry](double value) { augmentation.set_probability(entry.name, value); }));
        for (size_t k = 0; k < entry.parameters.size(); ++k) {
            const AugmentationParameter& parameter = entry.parameters[k];
            settings.push_back(number(
                {"augmentation", fmt::format("{}_{}", entry.name, parameter.name), parameter.text},
                parameter.low, parameter.high,
                [&augmentation, i, k] { return augmentation.items()[i].parameters[k]; },
                [&augmentation, &entry, &parameter](double value) {
                    augmentation.set_parameter(entry.name, parameter.name, value);
                }));
        }
    }
}

}  // namespace

std::vector<Setting> train_settings(TrainOptions& o) {
    std::vector<Setting> settings{
        words({"model", "backbone",
               fmt::format("network of every branch: {}", fmt::join(backbone_names(), ", "))},
              o.model.backbone),
        integer({"model", "branches", "local branches"}, o.model.branches, 1, 8),
        number({"model", "width", "multiplies every channel count of the backbone"}, o.model.width, 0.01, 16),
        integer({"model", "size", "side of the square input in pixels"}, o.model.size, 32, 4096),
        number({"model", "dropout", "dropout of the fusion and the global head"}, o.model.dropout, 0, 0.99),
        words(
            {"model", "init",
             "what training starts from: a model file, a classifier's weights for every branch, or whatever "
             "else convert reads"},
            o.initial),
        words({"model", "freeze", "layers that stay as they are: stem, backbone, layer1, ..., with commas"},
              o.freeze),
        integer({"model", "freeze_epochs", "epochs after which they are trained too; 0: never"},
                o.freeze_epochs, 0),
        number(
            {"model", "margin",
             "of the pictures: side of the crop over the side of the face's box; 0: as they were prepared"},
            o.margin, 0, 10),
        integer(
            {"model", "crop_size", "of the pictures: side of the crop in pixels; 0: as they were prepared"},
            o.crop_size, 0, 4096),

        number({"objective", "temperature", "T of softmax(logits / T) in the information losses"},
               o.objective.temperature, 1e-3, 1e3),
        choice({"objective", "divergence", "between the heads' answers"}, o.objective.divergence,
               {"kl", "sinkhorn"}),
        choice({"objective", "weighting", "of the three terms"}, o.objective.weighting,
               {"automatic", "fixed"}),
        three_weights({"objective", "weights", "of the terms, for fixed weighting"}, o.objective.weights),
        boolean({"objective", "global_information", "use the global information loss"},
                o.objective.global_information),
        boolean({"objective", "local_information", "use the local information loss"},
                o.objective.local_information),

        integer({"optimization", "epochs", "passes over the training pictures"}, o.epochs, 1),
        integer({"optimization", "batch", "pictures a step"}, o.batch, 2),
        choice({"optimization", "optimizer", "what takes the steps"}, o.optimizer, {"adam", "sgd"}),
        number({"optimization", "lr", "highest learning rate"}, o.schedule.learning_rate, 0),
        number({"optimization", "final_lr", "lowest learning rate of the cosine"}, o.schedule.final_rate, 0),
        integer({"optimization", "warmup", "steps that climb to the highest learning rate"},
                o.schedule.warmup, 0),
        choice({"optimization", "schedule", "of the learning rate after the warm-up"}, o.schedule.kind,
               {"cosine", "step", "constant"}),
        integer({"optimization", "cosine_period", "steps of half a cosine; 0: all steps"}, o.schedule.period,
                0),
        boolean({"optimization", "cosine_restarts",
                 "begin each cosine_period at the highest rate instead of climbing back to it"},
                o.schedule.restarts),
        integer({"optimization", "step_epochs", "schedule step: epochs between two falls of the rate"},
                o.schedule.step_epochs, 1),
        number({"optimization", "step_factor", "schedule step: what each fall multiplies the rate by"},
               o.schedule.step_factor, 0, 1),
        number({"optimization", "weight_decay", "L2, added to the gradient"}, o.weight_decay, 0),
        number({"optimization", "momentum", "of sgd"}, o.momentum, 0, 0.9999),
        number({"optimization", "clip", "largest norm of the whole gradient; 0: as it is"}, o.clip, 0),
        number({"optimization", "average_decay",
                "of the weights' moving average, which is validated and kept as best; 0: off"},
               o.average_decay, 0, 0.999999),
        integer(
            {"optimization", "patience", "end after so many epochs without a better validation; 0: never"},
            o.patience, 0),
        number({"optimization", "mixup", "alpha of Beta(alpha, alpha), one share a batch; 0: off"}, o.mixup,
               0, 2),
        integer({"optimization", "seed", "everything random follows from it"}, o.seed, 0),

        number(
            {"checkpoints", "checkpoint_minutes", "between checkpoints within an epoch; 0: after every step"},
            o.checkpoint_minutes, 0),
        integer({"checkpoints", "keep", "how many, last.safetensors included"}, o.keep, 1, 1000),
        choice({"data", "forge", "of real pictures, anew every epoch, instead of the data's fake ones"},
               o.forge, {"none", "self-blend"}),
        choice({"data", "data_hash",
                "what the run's record of its data covers: the pictures' contents, or their names and sizes"},
               o.data_hash, {"contents", "names"}),
        boolean({"data", "balanced", "repeat pictures of the rarer class until both are shown equally often"},
                o.balanced),
        integer({"data", "oversample_real", "how often an epoch shows each real picture"}, o.oversample_real,
                1, 1000),
        words({"data", "oversample",
               "instead, for what fits: DATASET/METHOD=TIMES, …; either name may be missing"},
              o.oversample),
        integer({"data", "pictures_a_video",
                 "pictures that every video shows an epoch, repeated or drawn anew; 0: all of its own"},
                o.pictures_a_video, 0, 1000000),
        integer({"data", "workers", "threads that load pictures; 0: as many as compute"}, o.workers, 0, 1024),
        integer({"data", "cache", "keep the decoded pictures in memory when they fit, in MiB"},
                o.cache_mebibytes, 0, int64_t{1} << 30),
    };
    add_augmentation_settings(settings, o.augmentation);
    return settings;
}

}  // namespace unmask
