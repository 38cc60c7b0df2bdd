// SPDX-License-Identifier: Apache-2.0
// GPUs that are only described to cuDNN, from 9.8 on.
#pragma once

#include <cudnn_graph.h>
#include <fmt/format.h>

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "cuda/cudnn/descriptor.h"
#include "engine/error.h"

#if CUDNN_VERSION >= 90800

namespace unmask::cudnn {

// Device properties in the form that cuDNN writes them; what differs between the two.
struct Gpu {
    std::string_view name;
    int version;  // compute capability × 100
    int multiprocessors, clock_khz, memory_clock_khz;
    int64_t cache_bytes, shared_bytes, memory_bytes;
};
inline constexpr Gpu h200{"NVIDIA H200", 900, 132, 1980000, 3201000, 62914560, 232448, 150000000000};
inline constexpr Gpu a100{"NVIDIA A100-SXM4-80GB", 800, 108, 1410000, 1593000, 41943040, 166912, 85000000000};

inline void PrintTo(const Gpu& gpu, std::ostream* stream) {
    *stream << gpu.name;
}

inline std::string properties(const Gpu& gpu) {
    return fmt::format(
        R"({{"maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "deviceName": "{}",
        "deviceVer": {}, "driverVer": 13000, "multiProcessorCount": {}, "regsPerBlock": 65536,
        "smClockRateKHz": {}, "memClockRateKHz": {}, "l2CacheSize": {}, "warpSize": 32,
        "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": {},
        "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536, "maxCtasPerSM": 32,
        "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "isTccDriver": 0, "supportCoopLaunch": 1,
        "totalGlobalMem": {}, "cudaDeviceId": 0, "pciDeviceId": 0}})",
        gpu.name, gpu.version, gpu.multiprocessors, gpu.clock_khz, gpu.memory_clock_khz, gpu.cache_bytes,
        gpu.shared_bytes, gpu.memory_bytes);
}

inline Descriptor described_device(const Gpu& gpu) {
    const std::string json = properties(gpu);
    Descriptor result(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    result.set_all<char>(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, std::span(json.data(), json.size()));
    result.finalize();
    return result;
}

// Why cuDNN makes no plans without a GPU; empty where it does.
inline std::string missing_feature() {
    try {
        static_cast<void>(described_device(h200));
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

}  // namespace unmask::cudnn

#endif
