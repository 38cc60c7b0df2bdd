// SPDX-License-Identifier: Apache-2.0
#include "engine/kernel_observer.h"

#include "engine/error.h"

namespace unmask {
namespace {
thread_local KernelObserver* observer = nullptr;
}

KernelObserver::KernelObserver() {
    UNMASK_ASSERT(observer == nullptr);
    observer = this;
}
KernelObserver::~KernelObserver() {
    observer = nullptr;
}

KernelObserver* KernelObserver::current() {
    return observer;
}

}  // namespace unmask
