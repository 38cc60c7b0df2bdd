// SPDX-License-Identifier: Apache-2.0
#include "models/pretrained.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/error.h"
#include "engine/ops/layout.h"

namespace unmask {
namespace {

constexpr std::string_view first_branch = "branches.0.";

// The first branch's tensors by their names in it, in the order of the layers.
std::vector<std::pair<std::string, Shape>> branch_tensors(const Detector& detector) {
    std::vector<std::pair<std::string, Shape>> tensors;
    const auto add = [&tensors](const std::string& name, const Shape& shape) {
        if (name.starts_with(first_branch)) tensors.emplace_back(name.substr(first_branch.size()), shape);
    };
    for (const auto& [name, variable] : detector.parameters()) add(name, variable.shape());
    for (const auto& [name, tensor] : detector.buffers()) add(name, tensor.shape());
    return tensors;
}

Shape as_oihw(const Shape& shape) {
    return shape.rank() == 4 ? Shape{shape[0], shape[3], shape[1], shape[2]} : shape;
}

bool is_classifier(std::string_view name) {
    return name.starts_with("fc.") || name.starts_with("classifier.");
}

}  // namespace

bool is_detector_file(const TensorFile& file) {
    return file.metadata.contains("format_version");
}

std::vector<std::string> load_pretrained(Detector& detector, const TensorFile& file,
                                         const std::filesystem::path& path) {
    const DetectorOptions& options = detector.options();
    const auto misfit = [&](const std::string& what) {
        fail("{}: its weights do not fit a {} of width {}: {}", path.string(), options.backbone,
             options.width, what);
    };
    std::map<std::string, Tensor> fitting;
    for (const auto& [name, shape] : branch_tensors(detector)) {
        const auto found = file.tensors.find(name);
        if (found == file.tensors.end()) misfit(fmt::format("{} is missing", name));
        const Tensor& tensor = found->second;
        if (tensor.shape() != as_oihw(shape))
            misfit(
                fmt::format("{}: expected {}, found {}", name, as_oihw(shape).str(), tensor.shape().str()));
        if (!is_floating(tensor.dtype()))
            misfit(fmt::format("{}: expected floating numbers, found {}", name, name_of(tensor.dtype())));
        const Tensor values = tensor.to(DType::f32);
        fitting[name] = shape.rank() == 4 ? permute(values, {0, 2, 3, 1}).value() : values;
    }
    std::vector<std::string> left_out;
    for (const auto& [name, tensor] : file.tensors) {
        if (fitting.contains(name) || name.ends_with("num_batches_tracked")) continue;
        if (!is_classifier(name)) misfit(fmt::format("{} is unknown", name));
        left_out.push_back(name);
    }
    std::map<std::string, Tensor> state = detector.state();
    for (int branch = 0; branch < options.branches; ++branch)
        for (const auto& [name, values] : fitting)
            state.at(fmt::format("branches.{}.{}", branch, name)).copy_from(values);
    return left_out;
}

}  // namespace unmask
