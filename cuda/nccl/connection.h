// SPDX-License-Identifier: Apache-2.0
// A rank's connection to the others by NCCL (a communicator of its own), which no lost rank keeps waiting:
// its calls never block, so that what they wait for is asked for until the ranks' patience ends. It knows no
// device: the streams are its caller's. One thread makes its calls; only a watch's own thread is beside it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "cuda/nccl/library.h"
#include "engine/communicator.h"
#include "engine/rank_patience.h"

namespace unmask {

class NcclConnection {
  public:
    // For one rank to make and all to be given.
    [[nodiscard]] static ncclUniqueId unique_id();

    // Waits for the other ranks, on the device that is current. The patience must outlive this. RankLost, or
    // Error where NCCL refuses to start (two ranks on one GPU).
    NcclConnection(int rank, int size, const ncclUniqueId& id, RankPatience& patience);
    NcclConnection(const NcclConnection&) = delete;
    NcclConnection& operator=(const NcclConnection&) = delete;
    // Gives up what is under way unless leave() was called.
    ~NcclConnection();

    // Enqueued on the stream. RankLost where NCCL fails otherwise than by a call that is wrong: the device
    // may then wait for the others without end, which giving up ends. After one every call throws it again.
    void all_gather(const void* own, void* all, size_t bytes, cudaStream_t stream);
    void all_reduce(void* values, size_t count, ncclDataType_t type, cudaStream_t stream);
    void broadcast(void* values, size_t bytes, int from, cudaStream_t stream);

    // Until `done`, which asks a device that does this connection's work. RankLost when NCCL reports an
    // error or the patience ends, after which the device's work ends too.
    void wait(const std::function<bool()>& done);
    // See Communicator::watch: gives up as wait does, for a caller that cannot ask. It must end before this.
    [[nodiscard]] std::unique_ptr<RankWatch> watch();
    // Leaves in order: waits for the other ranks, which must leave too. Recorded work (CUDA graphs) that
    // holds these calls must have ended.
    void leave();

  private:
    struct Abortion;
    class Watch;
    using Call = std::function<ncclResult_t(ncclComm_t)>;
    [[nodiscard]] std::string error_text(ncclResult_t result, const char* call) const;
    // Throws Error where the call was wrong, else RankLost.
    [[noreturn]] void failed(ncclResult_t result, const char* call) const;
    // Makes the call, checks what it returned, and where it is still in progress waits for it. Gives up where
    // a rank is lost.
    void complete(const char* name, const Call& call);
    // The state of the calls so far: false while one is in progress.
    [[nodiscard]] bool is_ready(const char* call);
    [[nodiscard]] ncclComm_t communicator() const;  // mutex_ is held
    // Gives up when the patience ends or `done` finds that a rank is lost.
    void wait_until(const std::function<bool()>& done, const char* call);
    // One look of a wait for the device that began then.
    void look(RankPatience::Clock::time_point begin);
    void give_up(const std::string& reason);
    void abort();

    const NcclLibrary& library_;
    RankPatience& patience_;
    int rank_, size_;
    std::mutex mutex_;                   // one thread at a time is in NCCL's calls; guards what follows
    ncclComm_t communicator_ = nullptr;  // null: left or given up
    std::string lost_;                   // why
    std::unique_ptr<Abortion> abortion_;
};

}  // namespace unmask
