// SPDX-License-Identifier: Apache-2.0
// The CPU's captured work (see Context::capture): the kernel calls of a piece of work as a list, recorded
// instead of being run, on memory that is planned when the list is complete: arenas in which tensors whose
// uses do not overlap share their place. Running the list allocates nothing but what kernels take for
// themselves. The calls between a fork and its join (Context::fork) are brought into the order of their
// chains, and the chains dealt to as many lanes as there are threads. Lanes run side by side, each on one
// thread and, for what it alone uses, in an arena of its own, the same one in every fork. Chains that are
// left over, and all where there are fewer than threads, run one after the other, each kernel on all threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "engine/context.h"

namespace unmask {

class Buffer;

class Recording final : public CapturedWork {
  public:
    // The recording that this thread's calls on the CPU go to; null: they run.
    [[nodiscard]] static Recording* current();

    // Records what `work` calls. Host code in it may make constants, but neither read nor write tensors that
    // it allocates. Tensors that outlive `work` (its results) keep a place of their own in the arena to the
    // end of the list and are overwritten by the next run.
    explicit Recording(const std::function<void()>& work);
    ~Recording() override;

    void run() override;

    // Context's. Chains do not depend on each other; one may be taken up again.
    void fork();
    void use_chain(int chain);
    void join();

    [[nodiscard]] size_t calls() const { return calls_.size(); }
    [[nodiscard]] size_t arena_bytes() const { return arena_bytes_; }
    // The most bytes in use at once in each arena: no plan of these arenas needs less.
    [[nodiscard]] size_t floor_bytes() const { return floor_bytes_; }

    // Memory whose place is found when the recording ends.
    [[nodiscard]] std::shared_ptr<Buffer> buffer(std::shared_ptr<Context> context, size_t bytes);

    // Appends the call function(arguments…); it holds the arguments, and the tensors in them, by value. Which
    // memory it uses is seen in how often the copies refer to it.
    template <class Function, class... Arguments>
    void add(Function function, const Arguments&... arguments) {
        const std::vector<long> before = use_counts();
        calls_.push_back(std::make_unique<CallOf<Function, Arguments...>>(function, arguments...));
        if (chain_) call_chains_.push_back(*chain_);
        note_uses(before);
    }

    // Runs calls at once while it lives: for constants that host code computes within recorded work.
    class Pause {
      public:
        Pause();
        Pause(const Pause&) = delete;
        Pause& operator=(const Pause&) = delete;
        ~Pause();

      private:
        Recording* before_;
    };

  private:
    struct Call {
        Call() = default;
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        virtual ~Call() = default;
        virtual void run() = 0;
    };
    template <class Function, class... Arguments>
    struct CallOf final : Call {
        CallOf(Function called, const Arguments&... values) : function(called), arguments(values...) {}
        void run() override { std::apply(function, arguments); }
        Function function;
        std::tuple<Arguments...> arguments;
    };
    struct Block {
        std::shared_ptr<Buffer> buffer;
        long held = 1;             // references of this recording: its own and those of the calls
        std::vector<size_t> uses;  // the calls that hold it
    };

    // The calls between a fork and its join: lane i of those that run side by side makes calls
    // [begins[i], begins[i + 1]).
    struct Section {
        std::vector<size_t> begins;
        [[nodiscard]] int lanes() const { return static_cast<int>(begins.size()) - 1; }
        [[nodiscard]] bool holds(size_t call) const { return call >= begins.front() && call < begins.back(); }
        // The lane of a call that it holds.
        [[nodiscard]] size_t lane_of(size_t call) const;
    };
    struct Place {
        size_t arena = 0;  // 0: shared by all; 1 + i: of lane i
        size_t first = 0, last = 0;
    };

    [[nodiscard]] std::vector<long> use_counts() const;
    void note_uses(const std::vector<long>& before);
    void order_by_chain(size_t begin);
    [[nodiscard]] Place place_of(const Block& block, bool outlives) const;
    void place();
    void run_calls(size_t begin, size_t end) const;

    std::vector<Block> blocks_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::vector<Section> sections_;
    std::vector<int> call_chains_;  // of the open section's calls
    std::optional<int> chain_;      // that calls are added to; none is open
    size_t arena_bytes_ = 0, floor_bytes_ = 0;
};

}  // namespace unmask
