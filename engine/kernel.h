// SPDX-License-Identifier: Apache-2.0
// Kernel slots: an op header declares
//     inline constinit Kernel<void(const Tensor& x, Tensor& y)> relu_forward{"relu_forward"};
// and each backend fills the slot from its own folder:
//     const KernelEntry entry{relu_forward, Backend::portable, &forward};
// The first argument is the tensor whose device and dtype choose the entry. An empty slot throws Error.
#pragma once

#include <array>
#include <cstdint>

#include "engine/range.h"
#include "engine/tensor.h"

namespace unmask {

// portable: plain C++, every floating dtype it names; onednn: float32 on the CPU, preferred where filled;
// cuda: the GPU.
enum class Backend : uint8_t { portable, onednn, cuda };
inline constexpr int backend_count = 3;

// Whether oneDNN's entries are used on the CPU; true by default, false leaves the portable path alone.
// Process-wide.
[[nodiscard]] bool onednn_enabled();
void set_onednn_enabled(bool enabled);
// Whether this build has oneDNN at all.
[[nodiscard]] bool onednn_available();

// Uses the portable path alone while it lives.
class PortableScope {
  public:
    PortableScope() : before_(onednn_enabled()) { set_onednn_enabled(false); }
    PortableScope(const PortableScope&) = delete;
    PortableScope& operator=(const PortableScope&) = delete;
    ~PortableScope() { set_onednn_enabled(before_); }

  private:
    bool before_;
};

namespace detail {
[[noreturn]] void no_kernel(const char* name, const Tensor& tensor);
}

template <class Signature>
class Kernel;

template <class... Rest>
class Kernel<void(const Tensor&, Rest...)> {
  public:
    using Function = void (*)(const Tensor&, Rest...);

    explicit constexpr Kernel(const char* name) : name_(name) {}
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    void fill(Backend backend, Function function) { entries_[static_cast<size_t>(backend)] = function; }
    [[nodiscard]] const char* name() const { return name_; }
    [[nodiscard]] bool has(Backend backend) const {
        return entries_[static_cast<size_t>(backend)] != nullptr;
    }

    template <class... Args>
    void operator()(const Tensor& first, Args&&... rest) const {
        const Function function = select(first);
        if (function == nullptr) detail::no_kernel(name_, first);
        const Range range(name_);
        function(first, std::forward<Args>(rest)...);
    }

  private:
    [[nodiscard]] Function select(const Tensor& tensor) const {
        if (tensor.device().type == DeviceType::cuda) return entries_[static_cast<size_t>(Backend::cuda)];
        const Function library = entries_[static_cast<size_t>(Backend::onednn)];
        if (library != nullptr && tensor.dtype() == DType::f32 && onednn_enabled()) return library;
        return entries_[static_cast<size_t>(Backend::portable)];
    }

    const char* name_;
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
