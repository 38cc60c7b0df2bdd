// SPDX-License-Identifier: Apache-2.0
#include "apps/training/ranks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "apps/counted.h"
#include "apps/interrupt.h"
#include "engine/context.h"
#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

Tensor gathered(const Tensor& part, ProcessGroup& group) {
    if (!part.defined()) return {};
    Shape shape = part.shape();
    shape.set(0, shape[0] * group.size());
    Tensor all = Tensor::empty(shape, part.dtype());
    group.all_gather(part, all);
    return all;
}

}  // namespace

Device Ranks::own_device(Device first) const {
    if (group && first.type != DeviceType::cpu && device_count(first.type) != 1)
        first.index += group->local_rank();
    return first;
}

void Ranks::meet() const {
    if (group) barrier(*group);
}

void Ranks::leave() const {
    if (!group) return;
    group->patience().set_stop_request({});  // the first may still be writing
    if (communicator) communicator->leave();
    group->leave();
}

int Ranks::signal() const {
    const int own = InterruptWatch::received();
    return group ? int(largest(*group, own)) : own;
}

Batch Ranks::whole(const Batch& part, bool with_pictures) const {
    Batch batch{.labels = gathered(part.labels, *group), .indices = part.indices};
    if (!with_pictures) return batch;
    batch.images = gathered(part.images, *group);
    batch.pixels = gathered(part.pixels, *group);
    batch.draws = gathered(part.draws, *group);
    return batch;
}

std::vector<size_t> Ranks::whole(const std::vector<size_t>& part) const {
    if (!group) return part;
    const std::vector<int64_t> own(part.begin(), part.end());
    const Tensor all = gathered(Tensor::from<int64_t>({int64_t(own.size())}, own), *group);
    return {all.data<int64_t>(), all.data<int64_t>() + all.numel()};
}

Tensor Ranks::own_rows(const Tensor& whole) const {
    const int64_t rows = whole.dim(0) / size();
    return whole.rows(rows * rank(), rows * (rank() + 1));
}

void Ranks::add_up(std::vector<double>& scores) const {
    if (!group) return;
    Tensor values = Tensor::from<double>({int64_t(scores.size())}, scores);
    group->all_reduce(values);
    scores = values.to_doubles();
}

void Ranks::check_equal(const FlatParameters& parameters) const {
    if (!group) return;
    const Tensor values = parameters.values().to(cpu_device);
    const uint64_t hash = fnv1a64({static_cast<const char*>(values.raw()), values.bytes()});
    const auto number = double(hash >> 11U);  // exact
    if (largest(*group, number) != number || largest(*group, -number) != -number)
        fail(
            "rank {}: the ranks' parameters are no longer the same: expected machines that compute the same "
            "bytes",
            rank());
}

std::string binding_warning(int usable, int cpus, int processes) {
    if (usable * 2 * processes > cpus) return {};
    return fmt::format(
        "each process may run on {} of {} CPUs, which {} share, as its launcher binds it: mpirun --bind-to "
        "none lets them use all",
        usable, cpus, counted(processes, "process", "processes"));
}

}  // namespace unmask
