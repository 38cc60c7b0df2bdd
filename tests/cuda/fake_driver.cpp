// SPDX-License-Identifier: Apache-2.0
// The stand-in for the driver's library: see fake_driver.h. CUDA's header is not used, as its macros give
// other names to some of the functions.
#include "tests/cuda/fake_driver.h"

#include <elf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace unmask::fake_driver {
namespace {

std::mutex mutex;
std::vector<Kernel> loaded;

template <class T>
std::span<const T> table(const std::byte* image, uint64_t offset, uint64_t count) {
    return {reinterpret_cast<const T*>(image + offset), count};
}

// Of an instruction's 16 bytes the lowest 12 bits say which it is. Before compute capability 9.0 sums of all
// types are one instruction, and three bits of the upper half say of which type; since then sums of floats
// are instructions of their own.
bool adds_floats(uint64_t lower, uint64_t upper) {
    constexpr uint64_t red = 0x98e, atomg = 0x9a8, red_float = 0x9a6, atomg_float = 0x9a3;
    constexpr uint64_t f32 = 3, f16x2 = 4, f64 = 6;
    const uint64_t operation = lower & 0xfff, type = upper >> 9 & 7;
    return operation == red_float || operation == atomg_float ||
           ((operation == red || operation == atomg) && (type == f32 || type == f16x2 || type == f64));
}

bool adds_floats(std::span<const std::byte> code) {
    std::array<uint64_t, 2> instruction;
    for (size_t at = 0; at + sizeof(instruction) <= code.size(); at += sizeof(instruction)) {
        std::memcpy(instruction.data(), code.data() + at, sizeof(instruction));
        if (adds_floats(instruction[0], instruction[1])) return true;
    }
    return false;
}

}  // namespace

std::vector<Kernel> kernels_of(const void* image) {
    constexpr std::string_view code_prefix = ".text.";
    const auto* bytes = static_cast<const std::byte*>(image);
    Elf64_Ehdr header;
    std::memcpy(&header, bytes, sizeof(header));
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_machine != EM_CUDA)
        throw std::invalid_argument("expected an ELF file with code for NVIDIA GPUs, found other bytes");
    const auto sections = table<Elf64_Shdr>(bytes, header.e_shoff, header.e_shnum);
    const auto* names = reinterpret_cast<const char*>(bytes + sections[header.e_shstrndx].sh_offset);
    std::vector<Kernel> result;
    for (const Elf64_Shdr& section : sections) {
        const std::string_view name = names + section.sh_name;
        if (!name.starts_with(code_prefix)) continue;
        result.push_back({std::string(name.substr(code_prefix.size())),
                          adds_floats({bytes + section.sh_offset, section.sh_size})});
    }
    return result;
}

std::vector<Kernel> take_loaded() {
    const std::lock_guard lock(mutex);
    return std::exchange(loaded, {});
}

}  // namespace unmask::fake_driver

// What cuDNN and the compiler that it takes call while a plan is built, by the driver's names.
extern "C" {

using Status = int;
constexpr Status success = 0, invalid_image = 200, not_found = 500, not_supported = 801;
static int some_object;

Status cuInit(unsigned) {
    return success;
}
Status cuDriverGetVersion(int* version) {
    *version = 13000;
    return success;
}
// What is in no header: the compiler does without.
Status cuGetExportTable(const void** table, const void*) {
    *table = nullptr;
    return not_found;
}
Status cuLibraryLoadData(void** library, const void* code, void*, void*, unsigned, void*, void*, unsigned) {
    using namespace unmask::fake_driver;
    try {
        const std::vector<Kernel> kernels = kernels_of(code);
        const std::lock_guard lock(mutex);
        loaded.insert(loaded.end(), kernels.begin(), kernels.end());
    } catch (const std::invalid_argument&) {
        return invalid_image;
    }
    *library = &some_object;
    return success;
}
Status cuLibraryUnload(void*) {
    return success;
}
Status cuLibraryGetKernel(void** kernel, void*, const char*) {
    *kernel = &some_object;
    return success;
}

// What cuDNN looks up and does not call.
#define UNMASK_NOT_CALLED(name) \
    Status name() {             \
        return not_supported;   \
    }
UNMASK_NOT_CALLED(cuCtxGetCurrent)
UNMASK_NOT_CALLED(cuCtxGetLimit)
UNMASK_NOT_CALLED(cuCtxPopCurrent)
UNMASK_NOT_CALLED(cuCtxPushCurrent)
UNMASK_NOT_CALLED(cuDeviceGet)
UNMASK_NOT_CALLED(cuDeviceGetCount)
UNMASK_NOT_CALLED(cuGetErrorName)
UNMASK_NOT_CALLED(cuGetErrorString)
UNMASK_NOT_CALLED(cuKernelGetAttribute)
UNMASK_NOT_CALLED(cuKernelSetAttribute)
UNMASK_NOT_CALLED(cuLaunchCooperativeKernel)
UNMASK_NOT_CALLED(cuLaunchKernel)
UNMASK_NOT_CALLED(cuLaunchKernelEx)
UNMASK_NOT_CALLED(cuLibraryLoadFromFile)
UNMASK_NOT_CALLED(cuLinkAddData)
UNMASK_NOT_CALLED(cuLinkComplete)
UNMASK_NOT_CALLED(cuLinkCreate)
UNMASK_NOT_CALLED(cuLinkDestroy)
UNMASK_NOT_CALLED(cuOccupancyMaxPotentialClusterSize)
UNMASK_NOT_CALLED(cuStreamGetCtx)
#undef UNMASK_NOT_CALLED

}  // extern "C"
