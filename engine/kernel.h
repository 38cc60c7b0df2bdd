// SPDX-License-Identifier: Apache-2.0
// Kernel slots: an op header declares
//     inline constinit Kernel<void(const Tensor& x, Tensor& y)> relu_forward{"relu_forward"};
// and each backend fills the slot from its own folder:
//     const KernelEntry entry{relu_forward, Backend::portable, &forward};
// The first argument is the tensor whose device and dtype choose the entry. An empty slot throws Error.
// Within recorded work (engine/recording.h) a call on the CPU is noted instead of made.
#pragma once

#include <array>
#include <cstdint>

#include "engine/kernel_observer.h"
#include "engine/range.h"
#include "engine/recording.h"
#include "engine/tensor.h"

namespace unmask {

// portable: plain C++, every dtype it names; onednn: float32 on the CPU (8-bit integers where the slot says
// so), preferred where filled; cuda: the GPU.
enum class Backend : uint8_t { portable, onednn, cuda };
inline constexpr int backend_count = 3;

// Whether oneDNN's entries are used on the CPU; true by default, false leaves the portable path alone.
// Process-wide.
[[nodiscard]] bool onednn_enabled();
void set_onednn_enabled(bool enabled);
// Whether this build has oneDNN at all.
[[nodiscard]] bool onednn_available();

// Uses the portable path alone while it lives, in all threads: not within a kernel.
class PortableScope {
  public:
    PortableScope() : before_(onednn_enabled()) { set_onednn_enabled(false); }
    PortableScope(const PortableScope&) = delete;
    PortableScope& operator=(const PortableScope&) = delete;
    ~PortableScope() { set_onednn_enabled(before_); }

  private:
    bool before_;
};

// What a slot's oneDNN entry takes as the first argument's dtype.
enum class LibraryDTypes : uint8_t { f32, f32_and_8_bit };

namespace detail {
[[noreturn]] void no_kernel(const char* name, const Tensor& tensor);
// Whether a call with this first argument is told of: to this thread's observer, or (on a GPU) to what
// reports errors.
[[nodiscard]] bool is_told_of(const Tensor& first);
}  // namespace detail

template <class Signature>
class Kernel;

template <class... Rest>
class Kernel<void(const Tensor&, Rest...)> {
  public:
    using Function = void (*)(const Tensor&, Rest...);
    using Arguments = std::tuple<const Tensor&, const std::remove_cvref_t<Rest>&...>;

    explicit constexpr Kernel(const char* name, LibraryDTypes library = LibraryDTypes::f32)
        : name_(name), library_(library) {}
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    void fill(Backend backend, Function function) { entries_[static_cast<size_t>(backend)] = function; }
    [[nodiscard]] const char* name() const { return name_; }
    [[nodiscard]] Function function(Backend backend) const { return entries_[static_cast<size_t>(backend)]; }
    [[nodiscard]] bool has(Backend backend) const {
        return entries_[static_cast<size_t>(backend)] != nullptr;
    }

    template <class... Args>
    void operator()(const Tensor& first, Args&&... rest) const {
        const Function function = select(first);
        if (function == nullptr) detail::no_kernel(name_, first);
        if (Recording* recording = Recording::current();
            recording != nullptr && first.device().type == DeviceType::cpu)
            return record(*recording, function, first, rest...);
        make(function, first, std::forward<Args>(rest)...);
    }

  private:
    template <class... Args>
    void make(Function function, const Tensor& first, Args&&... rest) const {
        if (detail::is_told_of(first)) [[unlikely]]
            return make_told(function, first, std::forward<Args>(rest)...);
        const Range range(name_);
        function(first, std::forward<Args>(rest)...);
    }
    void make_told(Function function, const Tensor& first, Rest... rest) const {
        const Arguments arguments(first, rest...);
        const KernelCall call(this, name_, &arguments);
        CallInProgress progress(call);
        function(first, rest...);
        progress.returned();
    }

    [[nodiscard]] Function select(const Tensor& tensor) const {
        if (tensor.device().type == DeviceType::cuda) return entries_[static_cast<size_t>(Backend::cuda)];
        const Function library = entries_[static_cast<size_t>(Backend::onednn)];
        const bool taken =
            tensor.dtype() == DType::f32 || (library_ == LibraryDTypes::f32_and_8_bit &&
                                             (tensor.dtype() == DType::u8 || tensor.dtype() == DType::i8));
        if (library != nullptr && taken && onednn_enabled()) return library;
        return entries_[static_cast<size_t>(Backend::portable)];
    }

    // One of the kernel's calls, as recorded work makes it. Kernels live as long as the program.
    struct RecordedFunction {
        const Kernel* kernel;
        Function function;
        void operator()(const Tensor& first, std::remove_cvref_t<Rest>&... rest) const {
            kernel->make(function, first, rest...);
        }
    };
    void record(Recording& recording, Function function, const Tensor& first,
                const std::remove_cvref_t<Rest>&... rest) const {
        recording.add(RecordedFunction{this, function}, first, rest...);
    }

    const char* name_;
    LibraryDTypes library_;
    std::array<Function, backend_count> entries_{};
};

// Fills a slot when the program starts.
struct KernelEntry {
    template <class Signature>
    KernelEntry(Kernel<Signature>& kernel, Backend backend, typename Kernel<Signature>::Function function) {
        kernel.fill(backend, function);
    }
};

}  // namespace unmask
