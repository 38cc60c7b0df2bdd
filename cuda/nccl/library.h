// SPDX-License-Identifier: Apache-2.0
// NCCL's functions, from the library that is loaded when they are first asked for: programs that run on one
// GPU neither need nor load it.
#pragma once

#include <nccl.h>

#include <string>

namespace unmask {

struct NcclLibrary {
    decltype(&::ncclGetUniqueId) get_unique_id = nullptr;
    decltype(&::ncclCommInitRankConfig) comm_init_rank_config = nullptr;
    decltype(&::ncclCommGetAsyncError) get_async_error = nullptr;
    decltype(&::ncclCommFinalize) comm_finalize = nullptr;
    decltype(&::ncclCommDestroy) comm_destroy = nullptr;
    decltype(&::ncclCommAbort) comm_abort = nullptr;
    decltype(&::ncclAllGather) all_gather = nullptr;
    decltype(&::ncclAllReduce) all_reduce = nullptr;
    decltype(&::ncclBroadcast) broadcast = nullptr;
    decltype(&::ncclGetErrorString) error_string = nullptr;
    decltype(&::ncclGetLastError) last_error = nullptr;
    decltype(&::ncclGetVersion) get_version = nullptr;

    // NCCL 2.14 or newer, in deterministic mode (engine/compute_mode.h) without the algorithms that are not,
    // unless the environment says otherwise. Error says why it cannot be loaded or what it lacks.
    [[nodiscard]] static const NcclLibrary& get();
    // Such as "2.28.9".
    [[nodiscard]] std::string version() const;
};

}  // namespace unmask
