// SPDX-License-Identifier: Apache-2.0
// A fiber: a function with a stack of its own that gives up the processor where it wants to. Switching takes
// a few nanoseconds on x86-64 (own assembly) and about a microsecond elsewhere (ucontext).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace simt {

class Fiber {
  public:
    explicit Fiber(size_t stack_bytes = size_t{64} << 10);
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;
    ~Fiber();

    // Sets what the next resume() begins to run. A function that was left halfway is forgotten: nothing on
    // its stack is destroyed.
    void start(const std::function<void()>* function);
    // Runs until the function pauses or ends; only from outside of fibers. The function must not throw.
    void resume();
    // Called by the function: returns to who resumed it.
    void pause();
    [[nodiscard]] bool done() const { return function_ == nullptr; }
    // Whether the address is on its stack.
    [[nodiscard]] bool owns(const void* address) const;

  private:
    struct Machine;  // registers and stack
    static void enter(void* self);

    std::unique_ptr<Machine> machine_;
    const std::function<void()>* function_ = nullptr;
};

}  // namespace simt
