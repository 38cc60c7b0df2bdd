// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_checkpoint.h"

#include <map>
#include <string>
#include <string_view>

#include "apps/explanation/genuine_maps.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr std::string_view optimizer_prefix = "optimizer.";
constexpr std::string_view average_prefix = "average.";

using Tensors = std::map<std::string, Tensor>;

Tensors with_prefix(std::string_view prefix, const Tensors& tensors) {
    Tensors result;
    for (const auto& [name, tensor] : tensors) result[std::string(prefix) + name] = tensor;
    return result;
}

// Copies what `loaded` holds into `targets`; Error when it lacks one of them.
void copy_back(const LoadedDetector& loaded, const std::filesystem::path& path, const Tensors& targets) {
    for (const auto& [name, tensor] : targets) {
        const auto found = loaded.extra.find(name);
        if (found == loaded.extra.end()) fail("{}: cannot be resumed: it lacks {}", path.string(), name);
        if (found->second.shape() != tensor.shape() || found->second.dtype() != tensor.dtype())
            fail("{}: cannot be resumed: expected {} of shape {}, found {}", path.string(), name,
                 tensor.shape().str(), found->second.shape().str());
        Tensor target = tensor;
        target.copy_from(found->second);
    }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const TrainedParts& parts,
                     const CheckpointInfo& info) {
    Tensors extra = with_prefix(optimizer_prefix, parts.step.optimizer().state());
    if (const WeightAverage* average = parts.step.average())
        extra.merge(with_prefix(average_prefix, average->state()));
    save_detector(path, parts.detector, &parts.objective, info, extra);
}

void save_best(const std::filesystem::path& path, const TrainedParts& parts, const CheckpointInfo& info,
               const FaceDataset* pictures, const TrainOptions& options) {
    const AveragedWeights averaged(parts.step.average());
    GenuineMaps genuine;
    if (pictures != nullptr)
        genuine = measure_genuine_maps(parts.detector, *pictures,
                                       {info.preprocessing.mean, info.preprocessing.deviation}, options.batch,
                                       options.compute);
    save_detector(path, parts.detector, &parts.objective, info, tensors_of(genuine));
}

void restore_checkpoint(const LoadedDetector& loaded, const std::filesystem::path& path,
                        const TrainedParts& parts, int64_t optimizer_steps) {
    const bool same_layers = optimizer_steps > 0;
    if (same_layers) copy_back(loaded, path, with_prefix(optimizer_prefix, parts.step.optimizer().state()));
    parts.step.optimizer().set_steps_taken(optimizer_steps);
    parts.detector.load_state(loaded.detector->state());
    parts.objective.load_state(loaded.objective);
    parts.step.parameters_changed();
    WeightAverage* average = parts.step.average();
    if (average == nullptr) return;
    if (same_layers) return copy_back(loaded, path, with_prefix(average_prefix, average->state()));
    average->begin();
    Tensors averages;
    for (const auto& [name, tensor] : loaded.extra)
        if (name.starts_with(average_prefix)) averages[name.substr(average_prefix.size())] = tensor;
    average->load_state(averages);
}

bool is_of_epoch(const std::filesystem::path& path, int64_t epoch) {
    if (!std::filesystem::exists(path)) return false;
    try {
        const LoadedDetector loaded = load_detector(path);
        const auto found = loaded.info.training.find("epoch");
        return found != loaded.info.training.end() && found->second == fmt::format("{}", epoch);
    } catch (const Error&) {
        return false;
    }
}

}  // namespace unmask
