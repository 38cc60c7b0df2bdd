// SPDX-License-Identifier: Apache-2.0
#include "tests/simt/fiber.h"

#include <cstdint>
#include <cstdlib>
#include <new>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
// Saves the callee-saved registers on the current stack, keeps its top in *from, goes on from the stack `to`:
// by a jump, whose target processors foresee, where that of a return is the place this was called from.
extern "C" void unmask_simt_switch(void** from, void* to);
asm(R"(
.text
.globl unmask_simt_switch
.type unmask_simt_switch, @function
unmask_simt_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    popq %rcx
    jmpq *%rcx
.size unmask_simt_switch, . - unmask_simt_switch
)");
#endif

namespace simt {
namespace {

Fiber* entering = nullptr;  // the fiber whose function begins

}  // namespace

struct Fiber::Machine {
    explicit Machine(size_t bytes) : stack_bytes(bytes), stack(static_cast<char*>(std::malloc(bytes))) {
        if (stack == nullptr) throw std::bad_alloc();
    }
    ~Machine() { std::free(stack); }

    size_t stack_bytes;
    char* stack;
#if defined(__x86_64__)
    void *fiber_top = nullptr, *caller_top = nullptr;
#else
    ucontext_t fiber{}, caller{};
#endif
    // What the address sanitizer wants to know of stacks.
    void *fiber_fake = nullptr, *caller_fake = nullptr;
    const void* caller_stack = nullptr;
    size_t caller_bytes = 0;

    void to_fiber() {
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_start_switch_fiber(&caller_fake, stack, stack_bytes);
#endif
#if defined(__x86_64__)
        unmask_simt_switch(&caller_top, fiber_top);
#else
        swapcontext(&caller, &fiber);
#endif
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_finish_switch_fiber(caller_fake, nullptr, nullptr);
#endif
    }
    void arrived_in_fiber() {
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_finish_switch_fiber(fiber_fake, &caller_stack, &caller_bytes);
#endif
    }
    void to_caller([[maybe_unused]] bool for_good) {
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_start_switch_fiber(for_good ? nullptr : &fiber_fake, caller_stack, caller_bytes);
#endif
#if defined(__x86_64__)
        unmask_simt_switch(&fiber_top, caller_top);
#else
        swapcontext(&fiber, &caller);
#endif
        arrived_in_fiber();
    }
};

Fiber::Fiber(size_t stack_bytes) : machine_(std::make_unique<Machine>(stack_bytes)) {}
Fiber::~Fiber() = default;

void Fiber::enter(void* pointer) {
    Fiber* self = static_cast<Fiber*>(pointer);
    self->machine_->arrived_in_fiber();
    (*self->function_)();
    self->function_ = nullptr;
    self->machine_->to_caller(true);
    std::abort();  // a fiber that is done is never resumed
}

void Fiber::start(const std::function<void()>* function) {
    function_ = function;
    machine_->fiber_fake = nullptr;
#if defined(__SANITIZE_ADDRESS__)
    // A function that was left halfway leaves its frames' marks behind.
    ASAN_UNPOISON_MEMORY_REGION(machine_->stack, machine_->stack_bytes);
#endif
#if defined(__x86_64__)
    // What the switch pops: six registers, then the address it returns to. A function expects its stack to be
    // 8 bytes off a multiple of 16 when it begins.
    const auto top = (reinterpret_cast<uintptr_t>(machine_->stack) + machine_->stack_bytes) & ~uintptr_t{15};
    auto** words = reinterpret_cast<void**>(top) - 10;
    for (int i = 0; i < 10; ++i) words[i] = nullptr;
    words[6] = reinterpret_cast<void*>(+[] { enter(entering); });
    machine_->fiber_top = words;
#else
    getcontext(&machine_->fiber);
    machine_->fiber.uc_stack.ss_sp = machine_->stack;
    machine_->fiber.uc_stack.ss_size = machine_->stack_bytes;
    machine_->fiber.uc_link = nullptr;
    makecontext(
        &machine_->fiber, +[] { enter(entering); }, 0);
#endif
}

void Fiber::resume() {
    entering = this;
    machine_->to_fiber();
}

bool Fiber::owns(const void* address) const {
    return reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(machine_->stack) <
           machine_->stack_bytes;
}

void Fiber::pause() {
    machine_->to_caller(false);
}

}  // namespace simt
