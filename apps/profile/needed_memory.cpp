// SPDX-License-Identifier: Apache-2.0
#include "apps/profile/needed_memory.h"

#include "apps/bench_work.h"
#include "engine/ops/kernel_work.h"

namespace unmask {

NeededMemory::NeededMemory(const std::vector<Tensor>& kept) {
    for (const Tensor& tensor : kept)
        if (kept_.insert(tensor.buffer().get()).second) kept_bytes_ += int64_t(tensor.buffer()->bytes());
}

void NeededMemory::called(const KernelCall& call) {
    if (place_ == Place::after) return;
    each_tensor(call, [this](const Tensor& tensor) {
        const std::shared_ptr<Buffer>& buffer = tensor.buffer();
        if (kept_.contains(buffer.get())) return;
        if (place_ == Place::forward) {
            seen_.insert_or_assign(buffer.get(), buffer);
        } else if (const auto found = seen_.find(buffer.get());
                   found != seen_.end() && found->second.lock() == buffer) {  // not another one in its place
            saved_bytes_ += int64_t(buffer->bytes());
            seen_.erase(found);
        }
    });
}

void NeededMemory::going_back(const char*, const std::vector<Tensor>&) {
    if (place_ == Place::forward) place_ = Place::backward;
}

int64_t needed_by_backward(BenchWork& work) {
    NeededMemory needed(work.kept_tensors());
    work.step();
    work.synchronize();
    return needed.bytes();
}

}  // namespace unmask
