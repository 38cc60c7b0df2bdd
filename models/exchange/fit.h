// SPDX-License-Identifier: Apache-2.0
// Whether tensors from elsewhere are those of a detector, and their values in its own layout. Elsewhere
// convolution weights are OIHW.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "models/detector.h"

namespace unmask {

// The shapes of a backbone's tensors by name, as other programs lay them out.
using NamedShapes = std::map<std::string, Shape>;
[[nodiscard]] NamedShapes backbone_shapes(const std::string& backbone, double width);

struct BackboneFit {
    std::string backbone;
    double width = 1.0;
};

// The backbone whose tensors are among `tensors` (names within a branch), of those that the arguments allow.
// Error, which names `file`, says what is missing or of another shape; where no backbone was asked for, of
// the one that fits best.
[[nodiscard]] BackboneFit find_backbone(const std::map<std::string, Tensor>& tensors,
                                        const std::optional<std::string>& backbone,
                                        const std::optional<double>& width, const std::string& file);

// The values as float32, convolution weights as OHWI; Error names the tensor unless it is floating.
[[nodiscard]] Tensor from_oihw(const std::string& name, const Tensor& tensor);
// A tensor of the detector as others lay it out.
[[nodiscard]] Tensor to_oihw(const Tensor& tensor);
[[nodiscard]] Shape as_oihw(const Shape& shape);

}  // namespace unmask
