// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and kill: long work ends at a good place instead of in the middle of a step.
#pragma once

#include <csignal>
#include <stdexcept>
#include <string>

namespace unmask {

// What work that was asked to stop ends with.
class Interruption : public std::runtime_error {
  public:
    Interruption(int signal, const std::string& text) : std::runtime_error(text), signal_(signal) {}
    [[nodiscard]] int signal() const { return signal_; }
    [[nodiscard]] int exit_code() const { return 128 + signal_; }

  private:
    int signal_;
};

// While it lives, the first SIGINT or SIGTERM is only noted, and what follows within a second is taken for
// the same request; one after that ends the program as ever. A signal that the program was started to ignore
// stays ignored. One at a time.
class InterruptWatch {
  public:
    InterruptWatch();
    ~InterruptWatch();
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;

    // The signal that came, or 0.
    [[nodiscard]] static int received();

  private:
    struct sigaction interrupt_ {
    }, terminate_{};  // what was in force before
};

}  // namespace unmask
