// SPDX-License-Identifier: Apache-2.0
#include "engine/gradient_listener.h"

namespace unmask {
namespace {

thread_local GradientListener* listening = nullptr;

}  // namespace

ListenToGradients::ListenToGradients(GradientListener* listener) : before_(listening) {
    listening = listener;
}

ListenToGradients::~ListenToGradients() {
    listening = before_;
}

GradientListener* ListenToGradients::current() {
    return listening;
}

}  // namespace unmask
