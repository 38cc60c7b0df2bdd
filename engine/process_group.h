// SPDX-License-Identifier: Apache-2.0
// The processes of one run, which a launcher (mpirun) started together on one machine or several.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/communicator.h"
#include "engine/error.h"

namespace unmask {

// Another rank ended, or does not answer any more.
class RankLost : public Error {
  public:
    using Error::Error;
};

// A communicator of tensors in the host's memory. Its calls throw RankLost.
class ProcessGroup : public Communicator {
  public:
    // Number of this process among those of its machine: which of its GPUs it takes.
    [[nodiscard]] virtual int local_rank() const = 0;
    // Processes on this machine.
    [[nodiscard]] virtual int local_size() const = 0;
    // The launcher asks the ranks that are left to stop when one is lost. While `asked` holds, a call of rank
    // 0 waits half a second longer for the others, then throws RankLost; the others, which rank 0 lets wait
    // while it writes, go on waiting.
    virtual void set_stop_request(std::function<bool()> asked) = 0;
    // Seconds that a call waits for the others at most.
    virtual void set_timeout(double seconds) = 0;
    // Leaves in order, with all others: waits for them. The destructor alone takes leave in a hurry, after an
    // error, whereupon the launcher stops the others.
    virtual void leave() = 0;
};

// The largest of the ranks' values.
[[nodiscard]] double largest(ProcessGroup& group, double value);
// Waits for all ranks.
void barrier(ProcessGroup& group);
// A text of rank 0, on all ranks.
[[nodiscard]] std::string broadcast_text(ProcessGroup& group, const std::string& text);

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
