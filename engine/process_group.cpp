// SPDX-License-Identifier: Apache-2.0
#include "engine/process_group.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

#include "engine/error.h"

namespace unmask {
namespace {

ProcessGroupFactory& group_factory() {
    static ProcessGroupFactory factory = nullptr;
    return factory;
}

std::map<DeviceType, CommunicatorFactory>& communicator_factories() {
    static std::map<DeviceType, CommunicatorFactory> factories;
    return factories;
}

// How many processes the launcher started; 1 without one. Open MPI, then the variables of PMI launchers.
int launched_processes() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"})
        if (const char* text = std::getenv(name)) return std::max(std::atoi(text), 1);
    return 1;
}

}  // namespace

void set_process_group_factory(ProcessGroupFactory factory) {
    group_factory() = factory;
}

void set_communicator_factory(DeviceType type, CommunicatorFactory factory) {
    communicator_factories()[type] = factory;
}

std::unique_ptr<ProcessGroup> join_process_group() {
    const int processes = launched_processes();
    if (processes == 1) return nullptr;
    if (group_factory() == nullptr)
        fail("started as one of {} processes, but this build has no MPI (Debian: libopenmpi-dev)", processes);
    std::unique_ptr<ProcessGroup> group = group_factory()();
    if (group->size() != processes)
        fail(
            "started as one of {} processes, but MPI knows {}: expected the launcher of the MPI that this "
            "was built "
            "with",
            processes, group->size());
    return group;
}

std::shared_ptr<Communicator> communicator_of(Device device, const std::shared_ptr<ProcessGroup>& group) {
    if (device.type == DeviceType::cpu) return group;
    const auto found = communicator_factories().find(device.type);
    if (found == communicator_factories().end())
        fail("several processes on {}: this build has no library for that (NCCL)", name_of(device));
    return found->second(device, *group);
}

double largest(ProcessGroup& group, double value) {
    const Tensor own = Tensor::full({1}, value, DType::f64);
    Tensor all = Tensor::empty({group.size()}, DType::f64);
    group.all_gather(own, all);
    return *std::max_element(all.data<double>(), all.data<double>() + group.size());
}

void barrier(ProcessGroup& group) {
    (void)largest(group, 0);
}

std::string broadcast_text(ProcessGroup& group, const std::string& text) {
    Tensor size = Tensor::full({1}, double(text.size()), DType::f64);
    group.broadcast(size, 0);
    const auto count = int64_t(size.item());
    if (count == 0) return {};
    Tensor bytes = Tensor::zeros({count}, DType::u8);
    if (group.rank() == 0) std::memcpy(bytes.raw(), text.data(), text.size());
    group.broadcast(bytes, 0);
    return {static_cast<const char*>(bytes.raw()), size_t(count)};
}

}  // namespace unmask
