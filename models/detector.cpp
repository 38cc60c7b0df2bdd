// SPDX-License-Identifier: Apache-2.0
#include "models/detector.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/chains.h"
#include "engine/error.h"
#include "engine/lanes.h"
#include "engine/ops/gather_batch.h"
#include "engine/ops/layout.h"
#include "engine/ops/pool.h"
#include "engine/recording.h"
#include "layers/evaluation_mode.h"
#include "models/backbone.h"
#include "models/fusion.h"
#include "models/heads.h"
#include "models/stem.h"

namespace unmask {
namespace {

constexpr int most_branches = 8;
constexpr double most_width = 16.0;
constexpr int least_size = 32, most_size = 4096;
// Of images of 224 x 224. Kernels for so little leave most of a GPU idle, so that branches find room beside
// each other; for more that takes the memory of all branches at once for little.
constexpr int64_t most_images_in_streams = 8;

}  // namespace

void check_detector_options(const DetectorOptions& options) {
    const auto names = backbone_names();
    if (std::find(names.begin(), names.end(), options.backbone) == names.end())
        fail("detector: expected a backbone out of {}, found '{}'", fmt::join(names, ", "), options.backbone);
    if (options.branches < 1 || options.branches > most_branches)
        fail("detector: expected 1 to {} branches, found {}", most_branches, options.branches);
    if (!(options.width > 0.0 && options.width <= most_width))
        fail("detector: expected a width above 0 and at most {}, found {}", most_width, options.width);
    if (options.size < least_size || options.size > most_size)
        fail("detector: expected a size of {} to {} pixels, found {}", least_size, most_size, options.size);
    if (!(options.dropout >= 0.0 && options.dropout < 1.0))
        fail("detector: expected a dropout in [0, 1), found {}", options.dropout);
}

struct Detector::Parts {
    std::vector<Backbone*> branches;
    Fusion* fusion = nullptr;
    Dropout* global_dropout = nullptr;
    Linear* global_head = nullptr;
    BranchHeads* branch_heads = nullptr;
};

Detector::Detector(const DetectorOptions& options) : options_(options), parts_(std::make_unique<Parts>()) {
    check_detector_options(options);
    for (int i = 0; i < options.branches; ++i)
        parts_->branches.push_back(
            &add_module("branches." + std::to_string(i), make_backbone(options.backbone, options.width)));
    const int64_t d = features();
    parts_->fusion =
        &add_module("fusion", std::make_unique<Fusion>(options.branches * d, d, options.dropout));
    parts_->global_dropout =
        &add_module("", std::make_unique<Dropout>(options.dropout, "global_head.dropout"));
    parts_->global_head = &add_module("global_head", std::make_unique<Linear>(d, detector_classes));
    parts_->branch_heads = &add_module("", std::make_unique<BranchHeads>(options.branches, d));
}

Detector::~Detector() = default;

int64_t Detector::features() const {
    return parts_->branches.front()->features();
}

std::vector<Variable> Detector::over_branches(const Variable& x,
                                              const std::function<Variable(const Variable& map)>& behind) {
    const Shape& shape = x.shape();
    if (!x.defined() || shape.rank() != 4 || shape[1] != options_.size || shape[2] != options_.size ||
        (shape[3] != 3 && shape[3] != 4 && shape[3] != 8))
        fail(
            "detector: expected images [batch, {}, {}, 3] (or 4 or 8 channels, zeros behind the third), "
            "found {}",
            options_.size, options_.size, shape.str());
    const bool recomputed = recomputed_stages_ != no_stage && training() && grad_enabled();
    if (recomputed) check_recomputable(schedule_);
    const auto map_of = [&](Backbone& branch) {
        return recomputed ? branch.feature_map_recomputed(x, recomputed_stages_) : branch.feature_map(x);
    };
    std::vector<Variable> results;
    const auto add = [&](const Variable& map) { results.push_back(behind(map)); };
    const bool in_lanes = x.device() == cpu_device && Recording::current() != nullptr;
    const bool in_streams = x.device().type == DeviceType::cuda && options_.branches > 1 && !training() &&
                            !grad_enabled() &&
                            shape[0] * shape[1] * shape[2] <= most_images_in_streams * 224 * 224;
    switch (schedule_ != BranchSchedule::automatic ? schedule_
            : in_lanes || in_streams               ? BranchSchedule::parallel
                                                   : BranchSchedule::separate) {
        case BranchSchedule::automatic:
        case BranchSchedule::separate:
            for (Backbone* branch : parts_->branches) add(map_of(*branch));
            break;
        case BranchSchedule::merged_stems: {
            const std::vector<Variable> stems = merged_stem_maps(parts_->branches, x);
            for (size_t i = 0; i < stems.size(); ++i) add(parts_->branches[i]->after_stem(stems[i]));
            break;
        }
        case BranchSchedule::lockstep:
            for (const Variable& map : Backbone::feature_maps(parts_->branches, x)) add(map);
            break;
        case BranchSchedule::parallel: {
            // Chains that do not fill the lanes run on all threads (engine/recording.h).
            const int on_one_thread = in_lanes ? options_.branches / lane_count() * lane_count() : 0;
            Chains chains(x.device(), options_.branches);
            for (int i = 0; i < options_.branches; ++i) {
                chains.use(i);
                Backbone& branch = *parts_->branches[static_cast<size_t>(i)];
                const bool in_slices = i < on_one_thread && !branch.training() && !grad_enabled();
                add(in_slices ? branch.feature_map_in_slices(x) : map_of(branch));
            }
            break;
        }
    }
    return results;
}

Variable Detector::global_logits(const Variable& z) {
    const Variable global = parts_->fusion->forward(z);
    return parts_->global_head->forward(parts_->global_dropout->forward(global));
}

std::vector<Variable> Detector::feature_maps(const Variable& x) {
    return over_branches(x, [](const Variable& map) { return map; });
}

HeadLogits Detector::heads(const std::vector<Variable>& feature_maps) {
    if (feature_maps.size() != parts_->branches.size())
        fail("detector: expected {} feature maps, found {}", parts_->branches.size(), feature_maps.size());
    std::vector<Variable> features;
    for (const Variable& map : feature_maps) features.push_back(global_average_pool(map));
    return heads_of_features(features);
}

HeadLogits Detector::heads_of_features(const std::vector<Variable>& features) {
    Variable z = concat(features, 1);
    if (communicator_ != nullptr && training()) z = gather_batch(z, *communicator_);
    BranchHeads::Logits logits = parts_->branch_heads->forward(z);
    return {global_logits(z), std::move(logits.joint), std::move(logits.leave_one_out)};
}

HeadLogits Detector::forward(const Variable& x) {
    return heads_of_features(over_branches(x, global_average_pool));
}

Tensor Detector::infer(const Tensor& x) {
    const NoGrad nothing_recorded;
    const EvaluationMode mode(*this);
    return global_logits(concat(over_branches(x, global_average_pool), 1)).value();
}

void Detector::set_communicator(Communicator* communicator) {
    communicator_ = communicator;
    for (Backbone* branch : parts_->branches) branch->share_statistics(communicator);
}

bool Detector::has_partial_gradient(const std::string& name) {
    return name.starts_with("branches.");
}

void Detector::set_dropout(uint64_t seed, uint64_t step) {
    parts_->fusion->set_dropout(seed, step);
    parts_->global_dropout->draw().set(seed, step);
}

void Detector::set_dropout(uint64_t seed, const Tensor& device_step) {
    parts_->fusion->set_dropout(seed, device_step);
    parts_->global_dropout->draw().set(seed, device_step);
}

}  // namespace unmask
