// SPDX-License-Identifier: Apache-2.0
// The processes that train one model together, each on its part of every batch (data parallelism). The first
// leads: it alone writes files and says how far training is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "data/loader.h"
#include "engine/optimizer.h"
#include "engine/process_group.h"

namespace unmask {

struct Ranks {
    std::shared_ptr<ProcessGroup> group;         // null: this process trains alone
    std::shared_ptr<Communicator> communicator;  // of tensors on the device that computes

    [[nodiscard]] int rank() const { return group ? group->rank() : 0; }
    [[nodiscard]] int size() const { return group ? group->size() : 1; }
    [[nodiscard]] bool lead() const { return rank() == 0; }

    // The GPU that this rank computes on where the first one on this machine computes on `first`: each takes
    // the next one. A launcher that lets each process see one GPU alone (CUDA_VISIBLE_DEVICES) has shared
    // them already: it is `first` on every rank. The CPU is all ranks'.
    [[nodiscard]] Device own_device(Device first) const;
    // Waits for all of them.
    void meet() const;
    // Leaves in order, with all others; for the last thing that a rank does.
    void leave() const;
    // The signal that any of them received, or 0: the same on all.
    [[nodiscard]] int signal() const;
    // What each rank loaded of a batch, its part in the order of ranks, as the whole batch; `with_pictures`:
    // labels alone otherwise.
    [[nodiscard]] Batch whole(const Batch& part, bool with_pictures) const;
    // The dataset's rows of a whole batch.
    [[nodiscard]] std::vector<size_t> whole(const std::vector<size_t>& part) const;
    // The rows of this rank.
    [[nodiscard]] Tensor own_rows(const Tensor& whole) const;
    // scores of this rank's rows, 0 elsewhere: those of all.
    void add_up(std::vector<double>& scores) const;
    // Error when the parameters of the ranks differ, as they would on machines that round differently.
    void check_equal(const FlatParameters& parameters) const;
};

// What to say where each of `processes`, whose launcher may run on `cpus`, may run on `usable` of them, at
// most half of its part: mpirun binds processes to one core each unless it is told not to. Empty otherwise.
[[nodiscard]] std::string binding_warning(int usable, int cpus, int processes);

}  // namespace unmask
