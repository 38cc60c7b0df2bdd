// SPDX-License-Identifier: Apache-2.0
#include "apps/interrupt.h"

#include <ctime>

namespace unmask {
namespace {

volatile std::sig_atomic_t last_signal = 0;
timespec first_came{};  // read and written by the handler alone, which blocks both signals

double seconds_since(const timespec& begin) {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec - begin.tv_sec) + double(now.tv_nsec - begin.tv_nsec) * 1e-9;
}

// timeout(1) and mpirun send a signal to the process and again to its group: one request, sent twice.
constexpr double one_request_seconds = 1;

extern "C" void note_signal(int signal) {
    if (last_signal == 0) {
        ::clock_gettime(CLOCK_MONOTONIC, &first_came);
        last_signal = signal;
        return;
    }
    if (seconds_since(first_came) < one_request_seconds) return;
    std::signal(signal, SIG_DFL);
    std::raise(signal);  // taken when the handler returns
}

void watch(int signal, struct sigaction& before) {
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = int(SA_RESTART);
    ::sigemptyset(&action.sa_mask);
    ::sigaddset(&action.sa_mask, SIGINT);
    ::sigaddset(&action.sa_mask, SIGTERM);
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
