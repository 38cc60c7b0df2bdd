// SPDX-License-Identifier: Apache-2.0
// Convolution by cuDNN's older API: see legacy_conv2d.h. Forward and data gradient: implicit GEMM and
// algorithm 1; weight gradient: algorithm 1. These three are deterministic.
#include "cuda/cudnn/legacy_conv2d.h"

#include <cudnn.h>

#include <cstdlib>
#include <string_view>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/cudnn/legacy_descriptors.h"
#include "engine/error.h"

namespace unmask::cudnn {
namespace {

void* memory_of(std::span<const Operand> operands, int64_t id) {
    for (const Operand& operand : operands)
        if (operand.id == id) return operand.memory;
    UNMASK_ASSERT(false);
    return nullptr;
}

}  // namespace

bool legacy_enabled() {
    static const bool enabled = [] {
        const char* value = std::getenv("UNMASK_CUDNN_LEGACY");
        return value != nullptr && std::string_view(value) == "1";
    }();
    return enabled;
}

void legacy_convolution(CudaContext& context, const Convolution& problem, std::span<const Operand> operands) {
    const LegacyDescriptors d(problem);
    cudnnHandle_t handle = context.cudnn();
    void* x_memory = memory_of(operands, x_id);
    void* weight_memory = memory_of(operands, weight_id);
    void* y_memory = memory_of(operands, y_id);
    const float one = 1, zero = 0;
    size_t bytes = 0;
    const auto need = [&](const Scratch& workspace) {
        if (!workspace.enough()) fail("{}: no memory for a workspace of {} bytes", problem.str(), bytes);
        return workspace.memory();
    };
    if (problem.kind == ConvolutionKind::forward) {
        constexpr auto algorithm = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
        UNMASK_CUDNN_FOR(
            cudnnGetConvolutionForwardWorkspaceSize(handle, d.x.get(), d.weight.get(), d.convolution.get(),
                                                    d.y.get(), algorithm, &bytes),
            problem.str());
        const Scratch workspace(context, bytes);
        UNMASK_CUDNN_FOR(cudnnConvolutionForward(handle, &one, d.x.get(), x_memory, d.weight.get(),
                                                 weight_memory, d.convolution.get(), algorithm,
                                                 need(workspace), bytes, &zero, d.y.get(), y_memory),
                         problem.str());
    } else if (problem.kind == ConvolutionKind::backward_data) {
        constexpr auto algorithm = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
        UNMASK_CUDNN_FOR(
            cudnnGetConvolutionBackwardDataWorkspaceSize(handle, d.weight.get(), d.y.get(),
                                                         d.convolution.get(), d.x.get(), algorithm, &bytes),
            problem.str());
        const Scratch workspace(context, bytes);
        UNMASK_CUDNN_FOR(cudnnConvolutionBackwardData(handle, &one, d.weight.get(), weight_memory, d.y.get(),
                                                      y_memory, d.convolution.get(), algorithm,
                                                      need(workspace), bytes, &zero, d.x.get(), x_memory),
                         problem.str());
    } else {
        constexpr auto algorithm = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;
        UNMASK_CUDNN_FOR(
            cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, d.x.get(), d.y.get(), d.convolution.get(),
                                                           d.weight.get(), algorithm, &bytes),
            problem.str());
        const Scratch workspace(context, bytes);
        UNMASK_CUDNN_FOR(cudnnConvolutionBackwardFilter(
                             handle, &one, d.x.get(), x_memory, d.y.get(), y_memory, d.convolution.get(),
                             algorithm, need(workspace), bytes, &zero, d.weight.get(), weight_memory),
                         problem.str());
    }
}

}  // namespace unmask::cudnn
