// SPDX-License-Identifier: Apache-2.0
// What waits for what, and which memory serves what, in the context of a GPU: with a runtime that stands in
// for CUDA's.
#include "cuda/context.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cuda/check.h"
#include "cuda/stream.h"
#include "engine/chains.h"
#include "engine/ops/activation.h"
#include "engine/range.h"
#include "engine/upload.h"
#include "tests/cuda/fake_runtime.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

class CudaContexts : public testing::Test {
  protected:
    // Enqueues something where the context's work goes now.
    int64_t work() {
        context_->fill_zero(buffer_.raw(), buffer_.bytes());
        return fake_runtime::last_work();
    }

    const std::shared_ptr<CudaContext> context_ =
        std::static_pointer_cast<CudaContext>(context_of({DeviceType::cuda, 0}));
    const Tensor buffer_ = Tensor::empty({4}, DType::f32, {DeviceType::cuda, 0});
};

TEST_F(CudaContexts, ChainsComeAfterTheForkAndBeforeTheJoin) {
    const int64_t before = work();
    context_->fork(2);
    context_->use_chain(0);
    EXPECT_TRUE(fake_runtime::comes_after(context_->stream(), before));
    const int64_t first = work();
    context_->use_chain(1);
    EXPECT_FALSE(fake_runtime::comes_after(context_->stream(), first));
    const int64_t second = work();
    context_->join();
    for (const int64_t one : {before, first, second})
        EXPECT_TRUE(fake_runtime::comes_after(context_->stream(), one));
}

TEST_F(CudaContexts, AnotherStreamComesAfterEveryChain) {
    cudaStream_t other = nullptr;
    ASSERT_EQ(cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking), cudaSuccess);
    const int64_t before = work();
    EXPECT_FALSE(fake_runtime::comes_after(other, before));
    context_->precede(other);
    EXPECT_TRUE(fake_runtime::comes_after(other, before));
    context_->fork(3);
    std::vector<int64_t> works;
    for (const int chain : {0, 1, 2, 1}) {
        context_->use_chain(chain);
        works.push_back(work());
    }
    context_->precede(other);
    for (const int64_t one : works) EXPECT_TRUE(fake_runtime::comes_after(other, one));
    EXPECT_FALSE(fake_runtime::comes_after(other, work()));
    context_->join();
    cudaStreamDestroy(other);
}

// As a kernel whose library call fails.
TEST_F(CudaContexts, ErrorsWithinAKernelCallTellItsShapes) {
    activation_forward.fill(Backend::cuda, [](const Tensor&, Tensor&, const ActivationParams&) {
        UNMASK_CUDA_FOR(cudaErrorInvalidValue, "a context");
    });
    Tensor y = Tensor::empty({2, 3}, DType::f32, {DeviceType::cuda, 0});
    const Tensor x = Tensor::empty({2, 3}, DType::f32, {DeviceType::cuda, 0});
    expect_error([&] { activation_forward(x, y, ActivationParams{}); },
                 {"CUDA: cudaErrorInvalidValue failed with cudaErrorInvalidValue", ", a context",
                  ", in activation_forward(f32 [2, 3], f32 [2, 3])"});
    activation_forward.fill(Backend::cuda, [](const Tensor&, Tensor&, const ActivationParams&) {
        UNMASK_CUDA(cudaErrorIllegalAddress);
    });
    expect_error([&] { activation_forward(x, y, ActivationParams{}); },
                 {", noticed in activation_forward(f32 [2, 3], f32 [2, 3]); work enqueued before may be the "
                  "cause"});
    activation_forward.fill(Backend::cuda, nullptr);
    EXPECT_EQ(detail::where_noticed(), "");
    const std::string outside = detail::where_noticed(cudaErrorIllegalAddress);
    for (const char* part :
         {"; work enqueued before may be the cause (", "CUDA_LAUNCH_BLOCKING=1", "--no-graph"})
        EXPECT_NE(outside.find(part), std::string::npos) << outside;
}

// What a profiler is told beside kernel calls.
std::vector<std::string>& told() {
    static std::vector<std::string> ranges;
    return ranges;
}

TEST_F(CudaContexts, CopiesFillsAndRecordedWorkAreRanges) {
    ASSERT_NE(detail::range_listener, nullptr);  // NVTX, since the first context
    static constexpr RangeListener listener{[](const char* name) { told().emplace_back(name); },
                                            [] { told().emplace_back("end"); }};
    const RangeListener* const before = detail::range_listener;
    set_range_listener(&listener);
    const Tensor x = Tensor::zeros({3}, DType::f32, {DeviceType::cuda, 0});
    Tensor y = Tensor::empty({3}, DType::f32, {DeviceType::cuda, 0});
    told().clear();
    y.copy_from(x);
    context_->fill_zero(y.raw(), y.bytes());
    static_cast<void>(y.to(cpu_device));
    y.copy_from(y.to(cpu_device));
    context_->capture([&] { y.copy_from(x); })->run();
    set_range_listener(before);
    EXPECT_EQ(told(), (std::vector<std::string>{"copy on the device", "end", "fill with zeros", "end",
                                                "copy from the device", "end", "copy from the device", "end",
                                                "copy to the device", "end", "copy on the device", "end",
                                                "recorded work", "end"}));
}

TEST_F(CudaContexts, LackOfMemoryIsAnErrorOfItsOwn) {
    EXPECT_THROW(UNMASK_CUDA(cudaErrorMemoryAllocation), OutOfMemory);
}

TEST_F(CudaContexts, WithoutCachingBuffersGoBackAtOnce) {
    ::setenv("UNMASK_NO_CUDA_MEMORY_CACHING", "1", 1);
    const auto context = std::make_shared<CudaContext>(0);
    ::unsetenv("UNMASK_NO_CUDA_MEMORY_CACHING");
    for (CudaContext* one : {context.get(), context_.get()}) {
        const size_t before = one->memory().reserved_bytes;
        void* buffer = one->allocate(1001);
        one->release(buffer, 1001);
        EXPECT_EQ(one->memory().reserved_bytes > before, one == context_.get());
    }
}

TEST_F(CudaContexts, ChoicesByNameBelongToTheTuning) {
    EXPECT_EQ(context_->chosen("a"), "");
    context_->keep_choice("a", "b");
    EXPECT_EQ(context_->chosen("a"), "b");
    std::string tuning = context_->tuning();
    const size_t place = tuning.find("\"b\"");
    ASSERT_NE(place, std::string::npos) << tuning;
    tuning.replace(place, 3, "\"c\"");
    EXPECT_EQ(context_->set_tuning(tuning), "");
    EXPECT_EQ(context_->chosen("a"), "c");
}

TEST_F(CudaContexts, EveryStreamHasOneWorkspaceThatGrows) {
    EXPECT_EQ(context_->shared_workspace(0), nullptr);
    void* memory = context_->shared_workspace(5000);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(context_->shared_workspace(100), memory);
    const size_t used = context_->memory().used_bytes;
    void* larger = context_->shared_workspace(9000);
    ASSERT_NE(larger, nullptr);
    EXPECT_LT(context_->memory().used_bytes, used + 5000);  // the smaller one went back
    context_->fork(2);
    std::set<void*> distinct{larger};
    for (const int chain : {0, 1}) {
        context_->use_chain(chain);
        distinct.insert(context_->shared_workspace(9000));
    }
    context_->join();
    EXPECT_EQ(distinct.size(), 3u);
    EXPECT_EQ(context_->shared_workspace(9000), larger);
}

TEST_F(CudaContexts, EveryStreamHasCountersOfItsOwn) {
    std::set<unsigned*> distinct{context_->arrival_counters()};
    EXPECT_EQ(context_->arrival_counters(), arrival_counters(buffer_));
    for (int again = 0; again < 2; ++again) {
        context_->fork(3);
        for (const int chain : {0, 1, 2}) {
            context_->use_chain(chain);
            distinct.insert(context_->arrival_counters());
            EXPECT_EQ(context_->arrival_counters(), arrival_counters(buffer_));
        }
        context_->join();
    }
    EXPECT_EQ(distinct.size(), 4u);
    EXPECT_FALSE(distinct.contains(nullptr));
}

// Their memory may be what the device's own stream is still to write.
TEST_F(CudaContexts, ANewChainsCountersAreClearedByTheDevicesOwnStreamBeforeTheFork) {
    const auto context = std::make_shared<CudaContext>(0);
    const cudaStream_t own = context->stream();
    context->fork(1);
    const int64_t clearing = fake_runtime::last_work();
    EXPECT_TRUE(fake_runtime::comes_after(own, clearing));
    context->use_chain(0);
    EXPECT_TRUE(fake_runtime::comes_after(context->stream(), clearing));
    context->join();
}

TEST_F(CudaContexts, CapturedWorkDoesNotRunInAChain) {
    const auto captured = context_->capture([&] { work(); });
    context_->fork(1);
    context_->use_chain(0);
    expect_error([&] { captured->run(); }, {"a chain cannot run captured work"});
    context_->join();
    captured->run();
}

TEST_F(CudaContexts, CapturedWorkKeepsItsWorkspace) {
    constexpr size_t bytes = 70000;
    void* memory = context_->shared_workspace(bytes);
    auto captured = context_->capture([&] {
        EXPECT_EQ(context_->shared_workspace(bytes), memory);
        EXPECT_EQ(context_->shared_workspace(2 * bytes), nullptr);  // it does not grow in there
        EXPECT_EQ(context_->shared_workspace(bytes), memory);
    });
    EXPECT_NE(context_->shared_workspace(2 * bytes), memory);
    void* other = context_->allocate(bytes);
    EXPECT_NE(other, memory);
    captured.reset();
    void* again = context_->allocate(bytes);
    EXPECT_EQ(again, memory);
    for (void* block : {other, again}) context_->release(block, bytes);
}

// What gives memory back just before a capture does not leave each convolution in it with memory of its own.
TEST_F(CudaContexts, CapturesHaveTheWorkspaceThatTheirWorkWantedBefore) {
    constexpr size_t bytes = 70000;
    const Device device{DeviceType::cuda, 0};
    const auto work = [&] {
        EXPECT_NE(context_->shared_workspace(bytes), nullptr);
        const Chains chains(device, 2);
        for (int chain = 0; chain < 2; ++chain) {
            context_->use_chain(chain);
            EXPECT_NE(context_->shared_workspace(2 * bytes), nullptr);
        }
    };
    work();
    context_->release_cached();
    EXPECT_NE(context_->capture(work), nullptr);
    // The next capture's work has wanted nothing so far: no chain gets memory for it.
    context_->release_cached();
    const size_t used = context_->memory().used_bytes;
    EXPECT_NE(context_->capture([&] { EXPECT_EQ(context_->shared_workspace(bytes), nullptr); }), nullptr);
    EXPECT_LE(context_->memory().used_bytes, used);
}

// In the middle of captured work, in a chain or not.
TEST_F(CudaContexts, AFailureInCapturedWorkLeavesTheContextUsable) {
    const Device device{DeviceType::cuda, 0};
    { const Chains as_wide(device, 2); }  // no more are made in a capture
    const cudaStream_t main = context_->stream();
    for (const bool in_chain : {false, true}) {
        EXPECT_EQ(fake_runtime::open_captures(), 0);
        const size_t used = context_->memory().used_bytes;
        expect_error(
            [&] {
                static_cast<void>(context_->capture([&] {
                    EXPECT_TRUE(context_->capturing());
                    const Tensor inside = Tensor::zeros({1000}, DType::f32, device);
                    work();
                    expect_error([&] { context_->synchronize(); }, {"cuda", "captured work cannot wait"});
                    if (!in_chain) fail("broken in the middle");
                    Chains chains(device, 2);
                    chains.use(1);
                    work();
                    fail("broken in the middle");
                }));
            },
            {"broken in the middle"});
        EXPECT_FALSE(context_->capturing());
        EXPECT_EQ(fake_runtime::open_captures(), 0);
        EXPECT_EQ(current_chain(), -1);
        EXPECT_EQ(context_->stream(), main);
        EXPECT_EQ(context_->memory().used_bytes, used);
        context_->synchronize();
        const int64_t last = work();
        EXPECT_TRUE(fake_runtime::comes_after(context_->stream(), last));
        const std::unique_ptr<CapturedWork> captured = context_->capture([&] { work(); });
        captured->run();
    }
}

// As CUDA tells of work that it cannot capture.
TEST_F(CudaContexts, ACaptureThatTheRuntimeRefusesIsNamed) {
    fake_runtime::invalidate_next_capture();
    expect_error([&] { static_cast<void>(context_->capture([&] { work(); })); },
                 {"cudaErrorStreamCaptureInvalidated", "the work did something that cannot be captured"});
    EXPECT_FALSE(context_->capturing());
    context_->synchronize();
    context_->capture([&] { work(); })->run();
}

TEST(CudaContextsOfSeveralGpus, AreCounted) {
    EXPECT_EQ(device_count(DeviceType::cuda), 2);
}

// A thread's device is the first one, whatever it is to work on: unmask serve has a thread for its model.
TEST(CudaContextsOfSeveralGpus, AnyThreadWorksOnTheContextsGpu) {
    const Device second{DeviceType::cuda, 1};
    const auto context = std::static_pointer_cast<CudaContext>(context_of(second));
    Tensor memory = Tensor::empty({1000}, DType::f32, second);
    const Tensor host = Tensor::zeros({1000});
    const auto captured = context->capture([&] { memory.fill_zero(); });
    const auto copy_by = [&](Upload& upload) {
        upload.release();
        upload.copy(memory.raw(), host.raw(), memory.bytes());
        upload.arrive();
    };
    const auto upload = context->make_upload();
    const std::vector<std::pair<const char*, std::function<void()>>> works{
        {"memory",
         [&] {
             const Tensor made = Tensor::empty({10'000'000}, DType::f32, second);
             EXPECT_EQ(fake_runtime::device_of(made.raw()), 1);
         }},
        {"a fill", [&] { memory.fill_zero(); }},
        {"a copy from the host", [&] { memory.copy_from(host); }},
        {"a copy to the host", [&] { static_cast<void>(memory.to(cpu_device)); }},
        {"a copy on the device",
         [&] { context->copy_on_device(memory.raw(), memory.raw(), memory.bytes()); }},
        {"a kernel's stream",
         [&] { EXPECT_EQ(cudaMemsetAsync(memory.raw(), 0, 4, stream_of(memory)), cudaSuccess); }},
        {"captured work", [&] { captured->run(); }},
        {"an upload", [&] { copy_by(*upload); }},
        {"a new upload", [&] { copy_by(*context->make_upload()); }},
        {"chains",
         [&] {
             context->fork(4);
             context->use_chain(3);
             memory.fill_zero();
             context->join();
         }},
    };
    for (const auto& work : works)  // each on a thread of its own, which no other work has led to the device
        std::jthread([&work] {
            EXPECT_EQ(fake_runtime::thread_device(), 0);
            EXPECT_NO_THROW(work.second()) << work.first;
        }).join();
    const Tensor elsewhere = Tensor::empty({1000}, DType::f32, {DeviceType::cuda, 0});
    EXPECT_EQ(fake_runtime::device_of(elsewhere.raw()), 0);
}

}  // namespace
}  // namespace unmask
