// SPDX-License-Identifier: Apache-2.0
// One context a device: it owns what the device needs for as long as anything uses it (memory, and on a GPU
// the stream, the library handles and their workspace). Buffers keep their context alive, so none is
// destroyed under a tensor.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "engine/device.h"
#include "engine/upload.h"

namespace unmask {

struct MemoryStatistics {
    size_t used_bytes = 0;      // that live buffers asked for, rounded (engine/caching_pool.h)
    size_t peak_bytes = 0;      // the most of these since the last reset
    size_t reserved_bytes = 0;  // taken from the system, including what the cache keeps for reuse
};

// Work that was recorded once and runs again as a whole: the same kernels on the same memory.
class CapturedWork {
  public:
    CapturedWork() = default;
    CapturedWork(const CapturedWork&) = delete;
    CapturedWork& operator=(const CapturedWork&) = delete;
    virtual ~CapturedWork() = default;
    virtual void run() = 0;
};

class Context {
  public:
    Context() = default;
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    virtual ~Context() = default;

    [[nodiscard]] virtual Device device() const = 0;

    // Memory aligned to at least 64 bytes; OutOfMemory names the size when the system has no more.
    [[nodiscard]] virtual void* allocate(size_t bytes) = 0;
    virtual void release(void* memory, size_t bytes) noexcept = 0;
    [[nodiscard]] virtual MemoryStatistics memory() const = 0;
    virtual void reset_peak() = 0;
    virtual void release_cached() = 0;  // gives unused memory back to the system

    virtual void copy_from_host(void* destination, const void* source, size_t bytes) = 0;
    // For one place in this device's memory: copies beside its other work (a GPU), or in the order of it. The
    // context must outlive it.
    [[nodiscard]] virtual std::unique_ptr<Upload> make_upload();
    virtual void copy_to_host(void* destination, const void* source, size_t bytes) = 0;
    virtual void copy_on_device(void* destination, const void* source, size_t bytes) = 0;
    virtual void fill_zero(void* destination, size_t bytes) = 0;
    virtual void synchronize() = 0;

    // The choices that were made by timing (which algorithm serves which shape), as JSON; empty where nothing
    // is chosen so. set_tuning takes them instead of timing again, so that a resumed run computes the same
    // bytes; it returns what it left out and why (choices of another GPU or library version), empty when
    // nothing. Error when the text is not such choices.
    [[nodiscard]] virtual std::string tuning() const { return {}; }
    [[nodiscard]] virtual std::string set_tuning(const std::string& json);
    // Choices among ways of computing that are none of a library's, by the problem's name: they are part of
    // tuning(). Empty where none is kept for the problem. A device where nothing is chosen so keeps none.
    [[nodiscard]] virtual std::string chosen(const std::string& /*problem*/) const { return {}; }
    virtual void keep_choice(const std::string& /*problem*/, const std::string& /*choice*/) {}
    // Waits for the device, then tells the time: seconds since some moment.
    [[nodiscard]] virtual double seconds();

    // Chains of work that may run side by side (a GPU: streams). After fork(n), which waits for everything
    // enqueued before, use_chain(i) directs what is enqueued and allocated to chain i of 0 … n-1; join()
    // waits for all chains and goes on as before fork. Between the two nothing may be enqueued outside of a
    // chain, and no chain may use what another made since. A device without chains runs everything in order.
    virtual void fork(int /*chains*/) {}
    virtual void use_chain(int /*chain*/) {}
    virtual void join() {}

    // Whether this device records work (a GPU: CUDA graphs; the CPU: see engine/recording.h).
    [[nodiscard]] virtual bool can_capture() const { return false; }
    // Records what `work` enqueues on this device instead of running it. Memory that `work` allocates belongs
    // to the result and is reused by nothing else while that lives. `work` may not wait for the device nor
    // read on the host what it computes; Error when it does, or where the device cannot capture.
    [[nodiscard]] virtual std::unique_ptr<CapturedWork> capture(const std::function<void()>& work);
};

// The context of the device. The CPU's exists always; another device's is made by its backend at the first
// call. Error says that this build has no such backend, or why the backend finds no such device.
[[nodiscard]] const std::shared_ptr<Context>& context_of(Device device);

// Makes the context of device number `index`, or throws Error saying why it cannot.
using ContextFactory = std::shared_ptr<Context> (*)(int index);
// How many devices the program can see; opens none and never throws.
using DeviceCount = int (*)();
// Called by a backend when the program starts. Without `count` it does not tell how many devices there are.
void set_context_factory(DeviceType type, ContextFactory factory, DeviceCount count = nullptr);
// How many devices of the type this program can see, at most those of the machine (CUDA_VISIBLE_DEVICES); 0
// where none or unknown.
[[nodiscard]] int device_count(DeviceType type);
// Whether this build has a backend for the device type.
[[nodiscard]] bool has_backend(DeviceType type);

}  // namespace unmask
