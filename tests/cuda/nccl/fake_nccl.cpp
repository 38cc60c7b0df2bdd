// SPDX-License-Identifier: Apache-2.0
#include "tests/cuda/nccl/fake_nccl.h"

#include <chrono>
#include <thread>

using unmask::FakeNccl;

namespace {

// A call of a communicator, which allows one at a time.
class Inside {
  public:
    Inside() {
        if (++fake_nccl()->inside > 1) ++fake_nccl()->overlaps;
        if (const int time = fake_nccl()->milliseconds; time > 0)
            std::this_thread::sleep_for(std::chrono::milliseconds(time));
    }
    ~Inside() { --fake_nccl()->inside; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
};

}  // namespace

extern "C" {

FakeNccl* fake_nccl() {
    static FakeNccl instance;
    return &instance;
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
    *id = {};
    return ncclSuccess;
}
ncclResult_t ncclCommInitRankConfig(ncclComm_t* communicator, int, ncclUniqueId, int, ncclConfig_t* config) {
    fake_nccl()->blocking = config->blocking;
    *communicator = reinterpret_cast<ncclComm_t>(fake_nccl());
    return fake_nccl()->returned;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* state) {
    const Inside inside;
    const bool in_progress = fake_nccl()->polls_in_progress > 0;
    if (in_progress) --fake_nccl()->polls_in_progress;
    *state = in_progress ? ncclInProgress : fake_nccl()->state.load();
    return ncclSuccess;
}
ncclResult_t ncclCommFinalize(ncclComm_t) {
    const Inside inside;
    ++fake_nccl()->finalized;
    return fake_nccl()->returned;
}
ncclResult_t ncclCommDestroy(ncclComm_t) {
    const Inside inside;
    ++fake_nccl()->destroyed;
    return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t) {
    ++fake_nccl()->aborted;
    while (fake_nccl()->abort_hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return ncclSuccess;
}
ncclResult_t ncclAllGather(const void*, void*, size_t, ncclDataType_t, ncclComm_t, cudaStream_t) {
    const Inside inside;
    ++fake_nccl()->operations;
    return fake_nccl()->returned;
}
ncclResult_t ncclAllReduce(const void*, void*, size_t, ncclDataType_t, ncclRedOp_t, ncclComm_t,
                           cudaStream_t stream) {
    const Inside inside;
    ++fake_nccl()->operations;
    fake_nccl()->stream = stream;
    return fake_nccl()->returned;
}
ncclResult_t ncclBroadcast(const void*, void*, size_t, ncclDataType_t, int, ncclComm_t, cudaStream_t) {
    const Inside inside;
    ++fake_nccl()->operations;
    return fake_nccl()->returned;
}
const char* ncclGetErrorString(ncclResult_t result) {
    return result == ncclRemoteError ? "remote process exited" : "another error";
}
const char* ncclGetLastError(ncclComm_t) {
    return fake_nccl()->message;
}
ncclResult_t ncclGetVersion(int* version) {
    *version = 22809;
    return ncclSuccess;
}

}  // extern "C"
