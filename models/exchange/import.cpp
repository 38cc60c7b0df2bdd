// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/import.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "models/exchange/channel_order.h"
#include "models/exchange/fit.h"
#include "models/exchange/names.h"
#include "models/exchange/state_dict.h"

namespace unmask {
namespace {

using Tensors = std::map<std::string, Tensor>;
constexpr size_t most_names = 6;  // in a notice

std::string list_of(const std::vector<std::string>& names) {
    const size_t shown = std::min(names.size(), most_names);
    const std::string text =
        fmt::format("{}", fmt::join(names.begin(), names.begin() + std::ptrdiff_t(shown), ", "));
    return shown == names.size() ? text : fmt::format("{} and {} more", text, names.size() - shown);
}

DetectorOptions resolved(const ImportOptions& wanted, const BackboneFit& fit, int branches) {
    const DetectorOptions fallback;
    return {.backbone = fit.backbone,
            .branches = branches,
            .width = fit.width,
            .size = wanted.size.value_or(fallback.size),
            .dropout = wanted.dropout.value_or(fallback.dropout)};
}

void check_wanted(const ImportOptions& wanted, const DetectorOptions& found, const std::string& file) {
    const std::string backbone = wanted.backbone.value_or(found.backbone);
    const int branches = wanted.branches.value_or(found.branches);
    const double width = wanted.width.value_or(found.width);
    if (backbone != found.backbone || branches != found.branches || width != found.width)
        fail("{}: expected a model with backbone {}, {} branches, width {}; found {}, {}, {}", file, backbone,
             branches, width, found.backbone, found.branches, found.width);
}

// The same detector for another input size or dropout, which no tensor depends on.
void apply_settings(ImportedDetector& imported, const ImportOptions& wanted) {
    DetectorOptions options = imported.loaded.detector->options();
    options.size = wanted.size.value_or(options.size);
    options.dropout = wanted.dropout.value_or(options.dropout);
    const int size_before = imported.loaded.detector->options().size;
    if (options == imported.loaded.detector->options()) return;
    if (options.size != size_before && !imported.loaded.extra.empty()) {
        imported.loaded.extra.clear();
        imported.notices.push_back(fmt::format(
            "left out, as it belongs to inputs of {} pixels: what the file holds beside the network",
            size_before));
    }
    const Tensors state = imported.loaded.detector->state();
    const ShapesOnly shapes;
    imported.loaded.detector = std::make_unique<Detector>(options);
    imported.loaded.detector->adopt_state(state);
}

// This program's file, or its export to PyTorch's format, where convolution weights are OIHW.
ImportedDetector import_own(StateDict&& content, const ImportOptions& wanted, const std::string& file) {
    TensorFile own{std::move(content.tensors), std::move(content.metadata)};
    if (own.metadata["layout"] == torch_detector_layout) {
        for (auto& [name, tensor] : own.tensors)
            if (is_floating(tensor.dtype())) tensor = from_oihw(name, tensor);
        own.metadata["layout"] = detector_layout;
    }
    ImportedDetector imported{parse_detector(std::move(own), file), "a detector of this program", {}};
    check_wanted(wanted, imported.loaded.detector->options(), file);
    apply_settings(imported, wanted);
    return imported;
}

// Tensors under this program's names, laid out as PyTorch does.
ImportedDetector import_named(const Tensors& tensors, const ImportOptions& wanted, const std::string& file) {
    std::map<int, Tensors> branches;
    std::vector<std::string> left_out;
    Tensors state;
    for (const auto& [name, tensor] : tensors) {
        const std::optional<BranchTensorName> place = parse_branch_name(name);
        if (is_batch_counter(name)) continue;
        if (place && is_classifier(place->name)) {
            left_out.push_back(name);
            continue;
        }
        if (place) branches[place->branch][place->name] = tensor;
        state[name] = from_oihw(name, tensor);
    }
    if (branches.empty() || branches.rbegin()->first != static_cast<int>(branches.size()) - 1)
        fail("{}: expected branches numbered without a gap, found {}", file, branches.size());
    const BackboneFit fit = find_backbone(branches.begin()->second, wanted.backbone, wanted.width, file);
    const DetectorOptions options = resolved(wanted, fit, static_cast<int>(branches.size()));
    check_wanted(wanted, options, file);
    if (options.branches == 1)  // a leave-one-out head over no other branch
        std::erase_if(state,
                      [](const auto& entry) { return entry.first.starts_with("leave_one_out_heads."); });
    ImportedDetector imported;
    {
        const ShapesOnly until_the_tensors_fit;
        imported.loaded.detector = std::make_unique<Detector>(options);
    }
    check_values(state);
    imported.loaded.detector->adopt_state(state);
    if (!left_out.empty()) imported.notices.push_back(fmt::format("left out: {}", list_of(left_out)));
    if (!wanted.size)
        imported.notices.push_back(
            fmt::format("the file does not say the input's size: {} pixels (--size)", options.size));
    return imported;
}

ImportedDetector import_paper(const Tensors& tensors, const ImportOptions& wanted, const std::string& file) {
    Tensors renamed;
    std::vector<std::string> unknown;
    for (const auto& [name, tensor] : tensors)
        if (const std::optional<std::string> own = name_from_paper(name))
            renamed[*own] = tensor;
        else
            unknown.push_back(name);
    if (!unknown.empty()) fail("{}: unknown beside the paper's names: {}", file, list_of(unknown));
    if (renamed.contains("branches.0._conv_stem.weight"))
        fail(
            "{}: the EfficientNet of the paper's code pads its convolutions on one side only, which no "
            "backbone here "
            "does: its weights would give other scores",
            file);
    ImportedDetector imported = import_named(renamed, wanted, file);
    imported.kind = "a detector of the paper's code";
    if (wanted.paper_reads_bgr) {
        Tensors state = imported.loaded.detector->state();
        exchange_red_and_blue(state);
        imported.loaded.detector->adopt_state(state);
        exchange_red_and_blue(imported.loaded.info.preprocessing);
        imported.notices.emplace_back(
            "the paper's code reads pictures as BGR and normalises them with the statistics of RGB: the "
            "first "
            "convolutions and the statistics are turned round, so that RGB gives the same scores (--rgb for "
            "a network "
            "that was trained on RGB)");
    }
    imported.notices.emplace_back(
        "the file does not say how faces were cut out: margin and crop size are the defaults");
    return imported;
}

ImportedDetector import_classifier(const Tensors& tensors, const ImportOptions& wanted,
                                   const std::string& file) {
    const BackboneFit fit = find_backbone(tensors, wanted.backbone, wanted.width, file);
    const DetectorOptions options =
        resolved(wanted, fit, wanted.branches.value_or(DetectorOptions().branches));
    Tensors values;
    std::vector<std::string> left_out;
    for (const auto& [name, tensor] : tensors) {
        if (is_classifier(name)) left_out.push_back(name);
        if (!is_classifier(name) && !is_batch_counter(name)) values[name] = from_oihw(name, tensor);
    }
    check_values(values);
    ImportedDetector imported;
    imported.kind = fmt::format("a classifier, {} of width {}", fit.backbone, fit.width);
    imported.loaded.detector = std::make_unique<Detector>(options);
    imported.loaded.detector->initialize(wanted.seed);
    const Tensors state = imported.loaded.detector->state();
    for (int branch = 0; branch < options.branches; ++branch)
        for (const auto& [name, tensor] : values)
            Tensor(state.at(branch_name(branch, name))).copy_from(tensor);
    imported.notices.push_back(
        fmt::format("each of the {} branches begins with these weights", options.branches));
    if (!left_out.empty()) imported.notices.push_back(fmt::format("left out: {}", list_of(left_out)));
    imported.notices.push_back(
        fmt::format("drawn anew from seed {}: fusion and heads; the detector must be trained", wanted.seed));
    return imported;
}

// By the names of its tensors.
ImportedDetector import_content(StateDict&& content, const ImportOptions& options, const std::string& file) {
    const std::vector<std::string> beside = content.left_out;
    const auto has_name = [&content](std::string_view beginning) {
        const auto place = content.tensors.lower_bound(std::string(beginning));
        return place != content.tensors.end() && place->first.starts_with(beginning);
    };
    ImportedDetector imported;
    if (content.metadata.contains("format_version")) {
        imported = import_own(std::move(content), options, file);
    } else if (has_name("region_model")) {
        imported = import_paper(content.tensors, options, file);
    } else if (has_name("branches.")) {
        imported = import_named(content.tensors, options, file);
        imported.kind = "a state dict under this program's names";
    } else {
        imported = import_classifier(content.tensors, options, file);
    }
    if (!beside.empty())
        imported.notices.push_back(fmt::format("left out beside the weights: {}", list_of(beside)));
    return imported;
}

}  // namespace

ImportedDetector import_detector(const std::filesystem::path& path, const ImportOptions& options) {
    const DetectorOptions fallback;
    check_detector_options({.backbone = options.backbone.value_or(fallback.backbone),
                            .branches = options.branches.value_or(fallback.branches),
                            .width = options.width.value_or(fallback.width),
                            .size = options.size.value_or(fallback.size),
                            .dropout = options.dropout.value_or(fallback.dropout)});
    StateDict content = read_state_dict(path);
    try {
        return import_content(std::move(content), options, path.string());
    } catch (const Error& error) {
        if (std::string_view(error.what()).starts_with(path.string())) throw;
        fail("{}: {}", path.string(), error.what());
    }
}

}  // namespace unmask
