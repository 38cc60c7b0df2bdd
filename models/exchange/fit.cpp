// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/fit.h"

#include <array>

#include "engine/error.h"
#include "engine/ops/layout.h"
#include "models/backbone.h"
#include "models/exchange/names.h"

namespace unmask {
namespace {

// What is tried where no width is asked for.
constexpr std::array usual_widths{1.0, 0.5, 0.25, 0.125, 0.75, 1.5, 2.0};

struct Misfit {
    size_t fitting = 0;   // tensors that fit
    std::string problem;  // the first that does not; empty: all do
};

// Tensors of the backbone that are missing or other, then those that it does not have.
Misfit compare(const std::map<std::string, Tensor>& tensors, const NamedShapes& shapes) {
    Misfit misfit;
    const auto note = [&misfit](std::string problem) {
        if (misfit.problem.empty()) misfit.problem = std::move(problem);
    };
    for (const auto& [name, shape] : shapes) {
        const auto found = tensors.find(name);
        if (found == tensors.end())
            note(fmt::format("{} is missing", name));
        else if (found->second.shape() != shape)
            note(fmt::format("{}: expected {}, found {}", name, shape.str(), found->second.shape().str()));
        else
            ++misfit.fitting;
    }
    for (const auto& [name, tensor] : tensors)
        if (!shapes.contains(name) && !is_classifier(name) && !is_batch_counter(name))
            note(fmt::format("{} is unknown", name));
    return misfit;
}

}  // namespace

Shape as_oihw(const Shape& shape) {
    return shape.rank() == 4 ? Shape{shape[0], shape[3], shape[1], shape[2]} : shape;
}

Tensor from_oihw(const std::string& name, const Tensor& tensor) {
    if (!is_floating(tensor.dtype()))
        fail("{}: expected floating numbers, found {}", name, name_of(tensor.dtype()));
    const Tensor values = tensor.to(DType::f32);
    return tensor.rank() == 4 ? permute(values, {0, 2, 3, 1}).value() : values;
}

Tensor to_oihw(const Tensor& tensor) {
    const NoGrad nothing_recorded;
    return tensor.rank() == 4 ? permute(tensor, {0, 3, 1, 2}).value() : tensor;
}

NamedShapes backbone_shapes(const std::string& backbone, double width) {
    const ShapesOnly nothing_allocated;
    const std::unique_ptr<Backbone> network = make_backbone(backbone, width);
    NamedShapes shapes;
    for (const auto& [name, variable] : network->parameters()) shapes[name] = as_oihw(variable.shape());
    for (const auto& [name, tensor] : network->buffers()) shapes[name] = as_oihw(tensor.shape());
    return shapes;
}

BackboneFit find_backbone(const std::map<std::string, Tensor>& tensors,
                          const std::optional<std::string>& backbone, const std::optional<double>& width,
                          const std::string& file) {
    const std::vector<std::string> names = backbone ? std::vector{*backbone} : backbone_names();
    const std::vector<double> widths =
        width ? std::vector{*width} : std::vector(usual_widths.begin(), usual_widths.end());
    BackboneFit best;
    Misfit best_misfit;
    for (const std::string& name : names)
        for (const double candidate : widths) {
            Misfit misfit = compare(tensors, backbone_shapes(name, candidate));
            if (misfit.problem.empty()) return {name, candidate};
            if (best_misfit.problem.empty() || misfit.fitting > best_misfit.fitting) {
                best_misfit = std::move(misfit);
                best = {name, candidate};
            }
        }
    fail("{}: its weights do not fit a {} of width {}: {}{}", file, best.backbone, best.width,
         best_misfit.problem, backbone ? "" : "; no other backbone is nearer");
}

}  // namespace unmask
