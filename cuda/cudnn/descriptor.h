// SPDX-License-Identifier: Apache-2.0
// A descriptor of cuDNN's backend (graph) API: created, given attributes, finalized, then only read.
// Descriptors that are set as attributes of another must live until that one is finalized; what is kept for
// longer (plans) keeps them too.
#pragma once

#include <cudnn_graph.h>

#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace unmask::cudnn {

namespace detail {

// The attribute type that belongs to a C++ type. bool has the size that the API expects of booleans.
template <class T>
constexpr cudnnBackendAttributeType_t attribute_type() {
    if constexpr (std::is_same_v<T, int64_t>) return CUDNN_TYPE_INT64;
    if constexpr (std::is_same_v<T, float>) return CUDNN_TYPE_FLOAT;
    if constexpr (std::is_same_v<T, bool>) return CUDNN_TYPE_BOOLEAN;
    if constexpr (std::is_same_v<T, char>) return CUDNN_TYPE_CHAR;
    if constexpr (std::is_same_v<T, void*>) return CUDNN_TYPE_VOID_PTR;
    if constexpr (std::is_same_v<T, cudnnHandle_t>) return CUDNN_TYPE_HANDLE;
    if constexpr (std::is_same_v<T, cudnnDataType_t>) return CUDNN_TYPE_DATA_TYPE;
    if constexpr (std::is_same_v<T, cudnnConvolutionMode_t>) return CUDNN_TYPE_CONVOLUTION_MODE;
    if constexpr (std::is_same_v<T, cudnnPointwiseMode_t>) return CUDNN_TYPE_POINTWISE_MODE;
    if constexpr (std::is_same_v<T, cudnnBackendHeurMode_t>) return CUDNN_TYPE_HEUR_MODE;
    if constexpr (std::is_same_v<T, cudnnBackendKnobType_t>) return CUDNN_TYPE_KNOB_TYPE;
    if constexpr (std::is_same_v<T, cudnnBackendNumericalNote_t>) return CUDNN_TYPE_NUMERICAL_NOTE;
    if constexpr (std::is_same_v<T, cudnnBackendBehaviorNote_t>) return CUDNN_TYPE_BEHAVIOR_NOTE;
}

}  // namespace detail

class Descriptor {
  public:
    Descriptor() = default;  // none
    explicit Descriptor(cudnnBackendDescriptorType_t type);
    Descriptor(Descriptor&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = nullptr; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();

    [[nodiscard]] cudnnBackendDescriptor_t get() const { return descriptor_; }

    // Each throws Error with cuDNN's message when the attribute is refused.
    template <class T>
    void set(cudnnBackendAttributeName_t name, const T& value) {
        set_raw(name, detail::attribute_type<T>(), 1, &value);
    }
    template <class T>
    void set_all(cudnnBackendAttributeName_t name, std::span<const T> values) {
        set_raw(name, detail::attribute_type<T>(), static_cast<int64_t>(values.size()), values.data());
    }
    void set_descriptor(cudnnBackendAttributeName_t name, const Descriptor& value);
    void set_descriptors(cudnnBackendAttributeName_t name, std::span<const Descriptor* const> values);
    void finalize();
    // The same without a throw: engines that refuse a configuration say so here.
    [[nodiscard]] cudnnStatus_t try_finalize() { return cudnnBackendFinalize(descriptor_); }

    template <class T>
    [[nodiscard]] T value(cudnnBackendAttributeName_t name) const {
        T result{};
        read(name, detail::attribute_type<T>(), 1, &result);
        return result;
    }
    // At most `limit` values.
    template <class T>
    [[nodiscard]] std::vector<T> values(cudnnBackendAttributeName_t name, int64_t limit) const {
        std::vector<T> result(static_cast<size_t>(limit));
        result.resize(static_cast<size_t>(read(name, detail::attribute_type<T>(), limit, result.data())));
        return result;
    }
    // The descriptors of the given type behind an attribute, at most `limit`, as ones of our own.
    [[nodiscard]] std::vector<Descriptor> descriptors(cudnnBackendAttributeName_t name,
                                                      cudnnBackendDescriptorType_t type, int64_t limit) const;

  private:
    void set_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                 const void* values);
    // The number of values read.
    int64_t read(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t limit,
                 void* values) const;

    cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace unmask::cudnn
