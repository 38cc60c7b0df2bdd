// SPDX-License-Identifier: Apache-2.0
// Operation graphs: one convolution, forward or backward, optionally followed by a pointwise epilogue.
#pragma once

#include <string>
#include <vector>

#include "cuda/cudnn/descriptor.h"
#include "engine/dtype.h"
#include "engine/ops/conv2d.h"
#include "engine/shape.h"

namespace unmask::cudnn {

enum class ConvolutionKind : uint8_t { forward, backward_data, backward_weight };

// One problem: everything that the choice of an algorithm depends on. Shapes are ours (x and y NHWC, weight
// OHWI); in the backward kinds x, weight and y are the places of their gradients' shapes too.
struct Convolution {
    ConvolutionKind kind = ConvolutionKind::forward;
    DType dtype = DType::f32;
    Shape x, weight, y;
    Conv2dParams params;      // the activation is applied forward only
    bool bias = false;        // forward only: + bias [O]
    bool residual = false;    // forward only: + residual (y's shape), before the activation
    bool accumulate = false;  // backward_data only: x's gradient is added to
    int64_t alignment = 16;   // of every operand, bytes

    [[nodiscard]] bool has_epilogue() const {
        return bias || residual || params.activation != Activation::none;
    }
    // "conv2d_forward bf16 x [8, 56, 56, 64] weight […] …", for messages and stored choices.
    [[nodiscard]] std::string str() const;
    // The same as bytes, for lookups.
    [[nodiscard]] std::string key() const;
};

// Names of the operands in variant packs: the data that the kind reads and writes under its forward role.
enum TensorId : int64_t { x_id = 1, weight_id = 2, y_id = 3, bias_id = 4, residual_id = 5 };

// Where plans are made for: the device of a handle, or one described without being there (a finalized
// CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, which must outlive what is made for it).
struct PlanTarget {
    cudnnHandle_t handle = nullptr;
    const Descriptor* device = nullptr;
};

// A finalized graph with all descriptors that it refers to.
struct OperationGraph {
    std::vector<Descriptor> parts;
    Descriptor graph;
};

// Compute type float32. Refused (cuda/check.h) when cuDNN does not take the problem.
[[nodiscard]] OperationGraph convolution_graph(const PlanTarget& target, const Convolution& problem);

}  // namespace unmask::cudnn
