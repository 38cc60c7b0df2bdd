// SPDX-License-Identifier: Apache-2.0
// A stand-in for NCCL's library, which answers as the test says and counts its calls.
#pragma once

#include <nccl.h>

#include <atomic>

namespace unmask {

struct FakeNccl {
    // What the test says.
    std::atomic<int> polls_in_progress{0};         // ncclCommGetAsyncError says so many times "in progress"
    std::atomic<ncclResult_t> state{ncclSuccess};  // and then this
    std::atomic<ncclResult_t> returned{ncclSuccess};  // by all other calls
    std::atomic<bool> abort_hangs{false};
    std::atomic<int> milliseconds{0};      // that a call takes
    std::atomic<const char*> message{""};  // about the latest error
    // What happened.
    std::atomic<int> blocking{-1};  // of the configuration
    std::atomic<int> operations{0}, aborted{0}, finalized{0}, destroyed{0};
    std::atomic<int> inside{0}, overlaps{0};    // calls now, and those that came while another was under way
    std::atomic<cudaStream_t> stream{nullptr};  // of the latest sum
};

}  // namespace unmask

extern "C" unmask::FakeNccl* fake_nccl();
