// SPDX-License-Identifier: Apache-2.0
// Devices and library versions: see device_info.h.
#include "cuda/device_info.h"

#include "cuda/check.h"
#include "engine/device.h"
#include "engine/error.h"
#include "engine/libraries.h"

namespace unmask {
namespace {

// "13.0" of 13000, as CUDA writes its versions.
std::string cuda_version(int version) {
    return version == 0 ? "none" : fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

// "9.19.0" of 91900 (cuDNN 9), "13.1.0" of 130100 (cuBLASLt).
std::string library_version(size_t version, size_t major_unit) {
    return fmt::format("{}.{}.{}", version / major_unit, version % major_unit / 100, version % 100);
}

// 0 when there is none.
int driver_version() {
    int version = 0;
    if (cudaDriverGetVersion(&version) != cudaSuccess) static_cast<void>(cudaGetLastError());
    return version;
}

const LibraryEntry cudnn("cuDNN", [] { return library_version(cudnnGetVersion(), 10000); });
const LibraryEntry cublas("cuBLASLt", [] { return library_version(cublasLtGetVersion(), 10000); });
const LibraryEntry driver("CUDA driver", [] { return cuda_version(driver_version()); });

int attribute(cudaDeviceAttr name, int index) {
    int value = 0;
    UNMASK_CUDA(cudaDeviceGetAttribute(&value, name, index));
    return value;
}

}  // namespace

int cuda_device_count() {
    int count = 0;
    if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
    static_cast<void>(cudaGetLastError());
    return 0;
}

CudaDeviceInfo cuda_device_info(int index) {
    const std::string device = name_of(Device{DeviceType::cuda, index});
    if (driver_version() == 0)
        fail("device {}: expected an NVIDIA driver for CUDA {} or newer, found none", device,
             cuda_version(CUDART_VERSION));
    int count = 0;
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaErrorInsufficientDriver) {
        static_cast<void>(cudaGetLastError());
        fail("device {}: expected an NVIDIA driver for CUDA {} or newer, found one for CUDA {}", device,
             cuda_version(CUDART_VERSION), cuda_version(driver_version()));
    }
    if (status == cudaErrorNoDevice) {
        static_cast<void>(cudaGetLastError());
        count = 0;
    } else if (status != cudaSuccess) {
        detail::cuda_failed(status, "cudaGetDeviceCount", "device " + device);
    }
    if (index < 0 || index >= count)
        fail("device {}: expected one of the {} GPUs that this program can see, found none of that number",
             device, count);
    CudaDeviceInfo result;
    result.major = attribute(cudaDevAttrComputeCapabilityMajor, index);
    result.minor = attribute(cudaDevAttrComputeCapabilityMinor, index);
    result.multiprocessors = attribute(cudaDevAttrMultiProcessorCount, index);
    cudaDeviceProp properties{};
    UNMASK_CUDA(cudaGetDeviceProperties(&properties, index));
    result.name = properties.name;
    result.memory_bytes = properties.totalGlobalMem;
    result.l2_bytes = static_cast<size_t>(attribute(cudaDevAttrL2CacheSize, index));
    if (result.major < oldest_major || (result.major == oldest_major && result.minor < oldest_minor))
        fail("device {}: expected compute capability {}.{} or newer, found {}.{} ({})", device, oldest_major,
             oldest_minor, result.major, result.minor, result.name);
    return result;
}

std::string describe_cuda(int index) {
    int runtime = 0;
    if (cudaRuntimeGetVersion(&runtime) != cudaSuccess) runtime = CUDART_VERSION;
    const int driver = driver_version();
    const std::string versions =
        fmt::format("driver {}, runtime {}, cuDNN {}, cuBLASLt {}",
                    driver == 0 ? "none" : cuda_version(driver), cuda_version(runtime),
                    library_version(cudnnGetVersion(), 10000), library_version(cublasLtGetVersion(), 10000));
    try {
        const CudaDeviceInfo device = cuda_device_info(index);
        return fmt::format("{}, compute capability {}.{}, {} multiprocessors, {:.1f} GiB; {}", device.name,
                           device.major, device.minor, device.multiprocessors,
                           static_cast<double>(device.memory_bytes) / (1 << 30), versions);
    } catch (const Error& error) {
        return fmt::format("{}; {}", error.what(), versions);
    }
}

}  // namespace unmask
