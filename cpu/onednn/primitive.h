// SPDX-License-Identifier: Apache-2.0
// What every oneDNN kernel needs: the engine and stream, descriptions of our layouts in oneDNN's terms,
// execution with scratch memory from our own allocator, and its errors turned into ours.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "engine/error.h"
#include "engine/kernel.h"
#include "engine/tensor.h"

namespace unmask::onednn {

using Dims = dnnl::memory::dims;
using Desc = dnnl::memory::desc;
using Arguments = std::unordered_map<int, dnnl::memory>;

[[nodiscard]] dnnl::engine& cpu_engine();

// Attributes that let us hand in the scratch memory.
[[nodiscard]] dnnl::primitive_attr default_attributes();

// float32 with the given strides (in elements), or with a layout of oneDNN's choice.
[[nodiscard]] Desc strided(const Dims& dims, const Dims& strides);
[[nodiscard]] Desc any_layout(const Dims& dims);
// An NHWC tensor in oneDNN's logical order [N, C, H, W].
[[nodiscard]] Desc nhwc(const Shape& shape);
// Convolution weights [O, kh, kw, I] in oneDNN's logical order [O, I, kh, kw], or [G, O / G, I, kh, kw] with
// groups.
[[nodiscard]] Dims weight_dims(const Shape& weight, int groups);
[[nodiscard]] Desc ohwi(const Shape& weight, int groups);
// A vector of the tensor's size.
[[nodiscard]] Desc vector_of(const Tensor& tensor);

[[nodiscard]] dnnl::memory wrap(const Desc& desc, const Tensor& tensor);
// A buffer for memory of this description.
[[nodiscard]] Tensor storage_for(const Desc& desc);

// Runs the primitive on the calling thread's stream and waits; `scratchpad` is its descriptor's.
void execute(const dnnl::primitive& primitive, const Desc& scratchpad, Arguments arguments);
// Copies between layouts; `from` and `to` describe the same dims.
void reorder(const Desc& from, const Tensor& source, const Desc& to, const Tensor& target);

// Weights of the layout `ours` in the one that a primitive takes: itself where they are the same, kept with
// frozen weights, made anew for others.
[[nodiscard]] Tensor packed(const Tensor& weight, const Desc& ours, const Desc& wanted);

// The slot's portable function, for what oneDNN does not do. (Switching oneDNN off for the call would do so
// for the other threads' kernels too.)
template <class Signature>
[[nodiscard]] auto portable_of(const Kernel<Signature>& kernel) {
    const auto function = kernel.function(Backend::portable);
    UNMASK_ASSERT(function != nullptr);
    return function;
}

// Runs the body and turns oneDNN's errors into Error with the op and the shapes.
template <class Body>
auto checked(const char* op, const Shape& a, const Shape& b, Body&& body) {
    try {
        return body();
    } catch (const dnnl::error& error) {
        fail("{}: oneDNN status {} ({}) for {} and {}", op, static_cast<int>(error.status), error.what(),
             a.str(), b.str());
    }
}

}  // namespace unmask::onednn
