// SPDX-License-Identifier: Apache-2.0
#include "engine/kernel_observer.h"

#include "engine/error.h"

namespace unmask {
namespace {
thread_local KernelObserver* observer = nullptr;
thread_local const KernelCall* call_in_progress = nullptr;
}  // namespace

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

const KernelCall* KernelCall::current() {
    return call_in_progress;
}

CallInProgress::CallInProgress(const KernelCall& call)
    : call_(call), outer_(call_in_progress), observer_(observer) {
    if (observer_ != nullptr) observer_->called(call_);
    call_in_progress = &call_;
    range_.emplace(call_.name());
}

CallInProgress::~CallInProgress() {
    call_in_progress = outer_;
}

void CallInProgress::returned() {
    range_.reset();
    if (observer_ != nullptr) observer_->ended(call_);
}

}  // namespace unmask
