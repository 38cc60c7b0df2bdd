// SPDX-License-Identifier: Apache-2.0
// A convolution in the descriptors of cuDNN's older API. They need no GPU.
#pragma once

#include <cudnn.h>

#include "cuda/check.h"
#include "cuda/cudnn/operation_graph.h"

namespace unmask::cudnn {

// A descriptor of the older API with its destructor.
template <class Handle, cudnnStatus_t (*create)(Handle*), cudnnStatus_t (*destroy)(Handle)>
class OwnedDescriptor {
  public:
    OwnedDescriptor() { UNMASK_CUDNN(create(&handle_)); }
    OwnedDescriptor(const OwnedDescriptor&) = delete;
    OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
    ~OwnedDescriptor() { destroy(handle_); }
    [[nodiscard]] Handle get() const { return handle_; }

  private:
    Handle handle_ = nullptr;
};

struct LegacyDescriptors {
    // Of a problem without an epilogue, in the present compute mode. Error when its padding is asymmetric
    // (the older API has none), the dtype is another than f32 and bf16, or cuDNN refuses it.
    explicit LegacyDescriptors(const Convolution& problem);

    OwnedDescriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor> x, y;
    OwnedDescriptor<cudnnFilterDescriptor_t, cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor>
        weight;
    OwnedDescriptor<cudnnConvolutionDescriptor_t, cudnnCreateConvolutionDescriptor,
                    cudnnDestroyConvolutionDescriptor>
        convolution;
};

}  // namespace unmask::cudnn
