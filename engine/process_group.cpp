// SPDX-License-Identifier: Apache-2.0
#include "engine/process_group.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
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

// The first of the variables that is there, as a number.
int number_of(std::initializer_list<const char*> variables, int otherwise) {
    for (const char* name : variables)
        if (const char* text = std::getenv(name)) return std::atoi(text);
    return otherwise;
}

}  // namespace

// Open MPI, then the variables of PMI launchers. One that speaks PMIx (srun) says the rank alone, and Slurm
// how many there are.
int launched_processes() {
    const int by_slurm =
        std::getenv("PMIX_RANK") == nullptr ? 1 : number_of({"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}, 1);
    return std::max(number_of({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"}, by_slurm), 1);
}

int launched_rank() {
    return number_of({"OMPI_COMM_WORLD_RANK", "PMI_RANK", "MPI_LOCALRANKID", "PMIX_RANK"}, 0);
}

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
            "was "
            "built with",
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

std::vector<std::string> gather_texts(ProcessGroup& group, const std::string& own) {
    const auto longest = int64_t(largest(group, double(own.size())));
    // Each with its size before it, padded to the longest.
    constexpr int64_t head = sizeof(uint64_t);
    Tensor bytes = Tensor::zeros({head + longest}, DType::u8);
    const uint64_t size = own.size();
    auto* place = bytes.data<uint8_t>();
    std::memcpy(place, &size, sizeof(size));
    std::memcpy(place + head, own.data(), own.size());
    Tensor all = Tensor::empty({group.size() * bytes.numel()}, DType::u8);
    group.all_gather(bytes, all);
    std::vector<std::string> texts;
    for (int rank = 0; rank < group.size(); ++rank) {
        const uint8_t* text = all.data<uint8_t>() + rank * bytes.numel();
        uint64_t text_size = 0;
        std::memcpy(&text_size, text, sizeof(text_size));
        texts.emplace_back(reinterpret_cast<const char*>(text) + head, text_size);
    }
    return texts;
}

}  // namespace unmask
