// SPDX-License-Identifier: Apache-2.0
// Descriptors of cuDNN's backend API: see descriptor.h.
#include "cuda/cudnn/descriptor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cuda/check.h"

namespace unmask::cudnn {

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
    UNMASK_CUDNN_FOR(cudnnBackendCreateDescriptor(type, &descriptor_),
                     fmt::format("descriptor type {}", static_cast<int>(type)));
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Descriptor::~Descriptor() {
    if (descriptor_ != nullptr) cudnnBackendDestroyDescriptor(descriptor_);
}

void Descriptor::set_raw(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                         const void* values) {
    UNMASK_CUDNN_FOR(cudnnBackendSetAttribute(descriptor_, name, type, count, values),
                     fmt::format("attribute {}", static_cast<int>(name)));
}

void Descriptor::set_descriptor(cudnnBackendAttributeName_t name, const Descriptor& value) {
    const Descriptor* const values[] = {&value};
    set_descriptors(name, values);
}

void Descriptor::set_descriptors(cudnnBackendAttributeName_t name,
                                 std::span<const Descriptor* const> values) {
    std::vector<cudnnBackendDescriptor_t> raw;
    for (const Descriptor* value : values) raw.push_back(value->get());
    set_raw(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(raw.size()), raw.data());
}

void Descriptor::finalize() {
    UNMASK_CUDNN(cudnnBackendFinalize(descriptor_));
}

int64_t Descriptor::read(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t limit,
                         void* values) const {
    int64_t count = 0;
    UNMASK_CUDNN_FOR(cudnnBackendGetAttribute(descriptor_, name, type, limit, &count, values),
                     fmt::format("attribute {}", static_cast<int>(name)));
    return std::clamp<int64_t>(count, 0, limit);
}

std::vector<Descriptor> Descriptor::descriptors(cudnnBackendAttributeName_t name,
                                                cudnnBackendDescriptorType_t type, int64_t limit) const {
    // cuDNN fills descriptors that the caller has created.
    std::vector<Descriptor> result;
    std::vector<cudnnBackendDescriptor_t> raw;
    for (int64_t i = 0; i < limit; ++i) {
        result.emplace_back(type);
        raw.push_back(result.back().get());
    }
    result.resize(static_cast<size_t>(read(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, limit, raw.data())));
    return result;
}

}  // namespace unmask::cudnn
