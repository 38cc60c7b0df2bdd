// SPDX-License-Identifier: Apache-2.0
#include "engine/kernel.h"

#include <atomic>

#include "engine/error.h"
#include "engine/ops/conv2d.h"

namespace unmask {
namespace {
std::atomic<bool> use_onednn{true};
}

bool onednn_enabled() {
    return use_onednn.load(std::memory_order_relaxed);
}
void set_onednn_enabled(bool enabled) {
    use_onednn.store(enabled, std::memory_order_relaxed);
}
bool onednn_available() {
    return conv2d_forward.has(Backend::onednn);
}

bool detail::is_told_of(const Tensor& first) {
    return first.device().type == DeviceType::cuda || KernelObserver::current() != nullptr;
}

void detail::no_kernel(const char* name, const Tensor& tensor) {
    fail("{} has no kernel for {} on {}", name, name_of(tensor.dtype()), name_of(tensor.device()));
}

}  // namespace unmask
