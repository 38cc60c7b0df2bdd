// SPDX-License-Identifier: Apache-2.0
#include "cuda/nccl/library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

#include "engine/compute_mode.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* file_name = "libnccl.so.2";

template <class Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) fail("{}: it has no {} (expected NCCL 2.14 or newer)", file_name, name);
}

NcclLibrary load() {
    void* library = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        fail("several GPUs need NCCL, and {} could not be loaded: {}", file_name, ::dlerror());
    NcclLibrary result;
    find(library, "ncclGetUniqueId", result.get_unique_id);
    find(library, "ncclCommInitRankConfig", result.comm_init_rank_config);
    find(library, "ncclCommGetAsyncError", result.get_async_error);
    find(library, "ncclCommFinalize", result.comm_finalize);
    find(library, "ncclCommDestroy", result.comm_destroy);
    find(library, "ncclCommAbort", result.comm_abort);
    find(library, "ncclAllGather", result.all_gather);
    find(library, "ncclAllReduce", result.all_reduce);
    find(library, "ncclBroadcast", result.broadcast);
    find(library, "ncclGetErrorString", result.error_string);
    find(library, "ncclGetLastError", result.last_error);
    find(library, "ncclGetVersion", result.get_version);
    return result;
}

}  // namespace

// NVLink SHARP (NVLS) adds up in the switches between the GPUs, in an order that changes from run to run;
// rings and trees keep theirs. NCCL reads the variable when it first needs it, and what the user said of it
// stays.
const NcclLibrary& NcclLibrary::get() {
    if (compute_mode().deterministic) ::setenv("NCCL_NVLS_ENABLE", "0", 0);
    static const NcclLibrary library = load();
    return library;
}

std::string NcclLibrary::version() const {
    int code = 0;
    if (get_version(&code) != ncclSuccess) return "unknown";
    return fmt::format("{}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

}  // namespace unmask
