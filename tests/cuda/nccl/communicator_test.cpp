// SPDX-License-Identifier: Apache-2.0
// What the exchange between GPUs waits for, with libraries that stand in for CUDA's and NCCL's.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "cuda/context.h"
#include "engine/process_group.h"
#include "tests/cuda/fake_runtime.h"
#include "tests/cuda/nccl/fake_nccl.h"
#include "tests/support/rank_threads.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};

FakeNccl& loaded() {
    void* library = ::dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(::dlerror());
    auto* give = reinterpret_cast<decltype(&fake_nccl)>(::dlsym(library, "fake_nccl"));
    if (give == nullptr) throw std::runtime_error("libnccl.so.2 is not the test's own");
    return *give();
}

// A bucket of gradients spans branches, whose backward passes are chains.
TEST(NcclCommunicators, ASumWaitsForEveryChainAndEndsBeforeWhatNeedsIt) {
    FakeNccl& nccl = loaded();
    const auto context = std::static_pointer_cast<CudaContext>(context_of(gpu));
    RankThreads(1).run([&](ProcessGroup& group) {
        const auto communicator =
            communicator_of(gpu, std::shared_ptr<ProcessGroup>(&group, [](ProcessGroup*) {}));
        Tensor gradients = Tensor::empty({8}, DType::f32, gpu);
        const auto fill = [&](int64_t begin, int64_t end) {
            Tensor part = gradients.rows(begin, end);
            part.fill_zero();
            return fake_runtime::last_work();
        };
        context->fork(2);
        context->use_chain(0);
        const int64_t first = fill(0, 4);
        context->use_chain(1);
        const int64_t second = fill(4, 8);
        communicator->begin_all_reduce(gradients);
        const cudaStream_t exchange = nccl.stream;
        EXPECT_TRUE(fake_runtime::comes_after(exchange, first));
        EXPECT_TRUE(fake_runtime::comes_after(exchange, second));
        const int64_t beside = fill(0, 1);
        EXPECT_FALSE(fake_runtime::comes_after(exchange, beside));
        context->join();
        Tensor sums = gradients;
        communicator->finish_all_reduces();
        communicator->all_reduce(sums);  // outside of chains: after the device's work so far
        EXPECT_TRUE(fake_runtime::comes_after(nccl.stream, beside));
        EXPECT_NE(communicator->watch(), nullptr) << "the device may hold up its caller";
        communicator->leave();
    });
}

}  // namespace
}  // namespace unmask
