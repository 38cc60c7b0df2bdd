// SPDX-License-Identifier: Apache-2.0
// Several processes that compute one thing together (data parallelism): each is a rank of a group and holds a
// part of the batch. Every rank makes the same calls in the same order, with tensors of the same shapes.
#pragma once

#include <memory>

#include "engine/tensor.h"

namespace unmask {

// See Communicator::watch.
class RankWatch {
  public:
    RankWatch() = default;
    RankWatch(const RankWatch&) = delete;
    RankWatch& operator=(const RankWatch&) = delete;
    virtual ~RankWatch() = default;
};

// Its results are the same bytes on all ranks. Errors: RankLost (engine/rank_patience.h) where a rank no
// longer answers, or what the library says went wrong; the group can't be used afterwards.
class Communicator {
  public:
    Communicator() = default;
    Communicator(const Communicator&) = delete;
    Communicator& operator=(const Communicator&) = delete;
    virtual ~Communicator() = default;

    [[nodiscard]] virtual int rank() const = 0;  // 0 … size-1
    [[nodiscard]] virtual int size() const = 0;
    // Where the tensors of all calls are.
    [[nodiscard]] virtual Device device() const = 0;

    // own [n, …] of all ranks, in their order, into all [n · size, …]; any dtype.
    virtual void all_gather(const Tensor& own, Tensor& all) = 0;
    // In place, the sum over the ranks; f32 or f64.
    virtual void all_reduce(Tensor& values) = 0;
    // In place, the values of one rank; any dtype.
    virtual void broadcast(Tensor& values, int from) = 0;

    // all_reduce beside what the caller does next: the values are complete after finish_all_reduces() only,
    // and nothing may touch them until then.
    virtual void begin_all_reduce(Tensor values) = 0;
    virtual void finish_all_reduces() = 0;

    // Waits until the device has done all that it was given, for as long as the other ranks answer: before
    // the host needs a result, which it would wait for without end when a rank is lost. Nothing to wait for
    // in the host's memory.
    virtual void wait() {}
    // While it lives, a thread looks for lost ranks on behalf of the calling one, which the device may hold
    // up in any call of its library (a full queue, memory that is freed, a time that is measured) without
    // end: where a rank is lost, what the device waits for ends, and the next call here throws RankLost. Null
    // where nothing is held up so: in the host's memory.
    [[nodiscard]] virtual std::unique_ptr<RankWatch> watch() { return nullptr; }
    // Leaves in order, with all others: waits for them. The destructor alone takes leave in a hurry, after an
    // error.
    virtual void leave() {}
};

}  // namespace unmask
