// SPDX-License-Identifier: Apache-2.0
#include "apps/training/training_inputs.h"

#include "apps/console.h"
#include "apps/dataset/data_warnings.h"
#include "apps/evaluation/forging_notice.h"
#include "apps/progress.h"
#include "data/prepare/prepare.h"
#include "engine/error.h"
#include "models/exchange/import.h"

namespace unmask {
namespace {

Manifest training_rows(const Manifest& manifest, const std::filesystem::path& path) {
    Manifest rows = select_split(manifest, "train");
    if (rows.rows.empty()) {
        rows = select_split(manifest, "");
        if (rows.rows.size() != manifest.rows.size())
            fail("{}: no rows in split train (found {})", path.string(), describe_splits(manifest));
        log_notice("{} has no splits: all {} rows are for training", path.string(), rows.rows.size());
    }
    if (rows.rows.size() < 2) fail("{}: training needs at least two pictures, found one", path.string());
    return rows;
}

// `chosen` where it was given (not 0), else what the pictures were prepared with, else `fallback`.
template <class Number>
Number crop_value(const char* name, Number chosen, const Number* prepared, Number fallback,
                  const std::filesystem::path& path) {
    if (chosen != 0 && prepared != nullptr && *prepared != chosen)
        fail("{}: its pictures were prepared with {} {}, found {} {} among the settings", path.string(), name,
             *prepared, name, chosen);
    if (chosen != 0) return chosen;
    return prepared != nullptr ? *prepared : fallback;
}

Preprocessing preprocessing_of(const TrainOptions& options) {
    const std::optional<CropSettings> prepared = read_crop_settings(options.data);
    Preprocessing result;
    result.face_margin = crop_value("margin", options.margin, prepared ? &prepared->margin : nullptr,
                                    result.face_margin, options.data);
    result.crop_size = crop_value("crop size", options.crop_size, prepared ? &prepared->size : nullptr,
                                  result.crop_size, options.data);
    result.aligned = prepared && prepared->aligned;
    return result;
}

}  // namespace

TrainingData load_training_data(const TrainOptions& options) {
    const Manifest all = read_manifest(options.data);
    Manifest rows = training_rows(all, options.data);
    if (options.forge == Forge::none) check_both_classes(rows, options.data, "training");
    Manifest manifest = rows_to_read(all, options.forge);
    check_files(manifest);
    for (const std::string& warning : training_warnings(manifest))
        log_warning("{}: {}", options.data.string(), warning);
    const DatasetOptions dataset{.size = options.model.size,
                                 .cache_bytes = options.cache_mebibytes << 20,
                                 .forge = options.forge,
                                 .forge_seed = options.seed};
    TrainingData data{.manifest = manifest,
                      .train = std::make_unique<FaceDataset>(std::move(rows), dataset),
                      .validation = {},
                      .preprocessing = preprocessing_of(options)};
    tell_about_forging(*data.train);
    Manifest validation = select_split(manifest, "val");
    if (validation.rows.empty())
        log_notice("{} has no val rows: best.safetensors is the last epoch's model", options.data.string());
    else
        data.validation = std::make_unique<FaceDataset>(std::move(validation), dataset);
    return data;
}

std::string hash_training_data(const Manifest& manifest, const TrainOptions& options) {
    Progress progress("data hash", std::ssize(manifest.rows), "pictures");
    return data_hash(manifest, {options.data_hash, options.forge != Forge::none},
                     [&](int64_t done, int64_t total) {
                         progress.set_total(total);
                         progress.update(done);
                     });
}

void initialize_parameters(Detector& detector, Objective& objective, const TrainOptions& options) {
    objective.initialize(options.seed);
    if (options.initial.empty()) return detector.initialize(options.seed);
    const ImportedDetector imported = import_detector(options.initial, {.backbone = options.model.backbone,
                                                                        .branches = options.model.branches,
                                                                        .width = options.model.width,
                                                                        .size = options.model.size,
                                                                        .dropout = options.model.dropout,
                                                                        .seed = options.seed});
    for (const std::string& notice : imported.notices) log_notice("{}: {}", options.initial, notice);
    detector.load_state(imported.loaded.detector->state());
}

}  // namespace unmask
