// SPDX-License-Identifier: Apache-2.0
// From a tensor's dtype to a template argument.
#pragma once

#include <utility>

#include "engine/inference_only.h"
#include "engine/kernel.h"
#include "engine/tensor.h"

namespace unmask {

// Calls visit(T{}) with T the float or double of the tensor's dtype; Error "kernel has no kernel for bf16 on
// cpu" otherwise, of double too where there is inference only.
template <class Visit>
void dispatch_floating(const char* kernel, const Tensor& tensor, Visit&& visit) {
    switch (tensor.dtype()) {
        case DType::f32:
            return visit(float{});
        case DType::f64:
            if constexpr (!inference_only) return visit(double{});
            [[fallthrough]];
        default:
            detail::no_kernel(kernel, tensor);
    }
}

// The same, and uint8_t or int8_t.
template <class Visit>
void dispatch_ordered(const char* kernel, const Tensor& tensor, Visit&& visit) {
    switch (tensor.dtype()) {
        case DType::u8:
            return visit(uint8_t{});
        case DType::i8:
            return visit(int8_t{});
        default:
            return dispatch_floating(kernel, tensor, std::forward<Visit>(visit));
    }
}

// Calls visit with an unsigned integer of the element's size, for kernels that only move elements.
template <class Visit>
void dispatch_size(const Tensor& tensor, Visit&& visit) {
    switch (size_of(tensor.dtype())) {
        case 1:
            return visit(uint8_t{});
        case 2:
            return visit(uint16_t{});
        case 4:
            return visit(uint32_t{});
        default:
            return visit(uint64_t{});
    }
}

}  // namespace unmask
