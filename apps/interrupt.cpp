// SPDX-License-Identifier: Apache-2.0
#include "apps/interrupt.h"

namespace unmask {
namespace {

volatile std::sig_atomic_t last_signal = 0;

extern "C" void note_signal(int signal) {
    last_signal = signal;
}

void watch(int signal, struct sigaction& before) {
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = int(SA_RESETHAND | SA_RESTART);
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptWatch::InterruptWatch() {
    last_signal = 0;
    watch(SIGINT, interrupt_);
    watch(SIGTERM, terminate_);
}

InterruptWatch::~InterruptWatch() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
}

int InterruptWatch::received() {
    return last_signal;
}

}  // namespace unmask
