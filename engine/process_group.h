// SPDX-License-Identifier: Apache-2.0
// The processes of one run, which a launcher (mpirun) started together on one machine or several.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/communicator.h"
#include "engine/rank_patience.h"

namespace unmask {

// A communicator of tensors in the host's memory. Its calls throw RankLost.
class ProcessGroup : public Communicator {
  public:
    // Number of this process among those of its machine: which of its GPUs it takes.
    [[nodiscard]] virtual int local_rank() const = 0;
    // Processes on this machine.
    [[nodiscard]] virtual int local_size() const = 0;
    // How many CPUs are each process's to compute on, at least 1: of those that it may run on, each shared by
    // the processes that may run there too, as many as the one has that has the fewest, for which the others
    // would wait. A launcher may have bound each to some of its own.
    [[nodiscard]] virtual int cpus() const = 0;
    // How long the calls of this and of the communicators that it started wait for the others.
    [[nodiscard]] virtual RankPatience& patience() = 0;
};

// The largest of the ranks' values.
[[nodiscard]] double largest(ProcessGroup& group, double value);
// Waits for all ranks.
void barrier(ProcessGroup& group);
// A text of rank 0, on all ranks.
[[nodiscard]] std::string broadcast_text(ProcessGroup& group, const std::string& text);

// Each rank's text, in their order, on all ranks.
[[nodiscard]] std::vector<std::string> gather_texts(ProcessGroup& group, const std::string& own);

// How many processes the launcher started, this one among them, and which it is, as the launcher's variables
// say; 1 and 0 without one.
[[nodiscard]] int launched_processes();
[[nodiscard]] int launched_rank();

// The group in which this process was started, or null when it was started alone. Error when a launcher
// started several and this build knows none, since each would do the whole work.
[[nodiscard]] std::unique_ptr<ProcessGroup> join_process_group();

// What a backend offers; called when the program starts.
using ProcessGroupFactory = std::unique_ptr<ProcessGroup> (*)();
void set_process_group_factory(ProcessGroupFactory factory);

// The communicator of tensors on the device: for the CPU the group itself. Error when this build has none.
// The group must outlive it.
[[nodiscard]] std::shared_ptr<Communicator> communicator_of(Device device,
                                                            const std::shared_ptr<ProcessGroup>& group);
using CommunicatorFactory = std::shared_ptr<Communicator> (*)(Device device, ProcessGroup& group);
void set_communicator_factory(DeviceType type, CommunicatorFactory factory);

}  // namespace unmask
