// SPDX-License-Identifier: Apache-2.0
// A dense array: shape, dtype, device and a reference-counted buffer. Always contiguous and row-major; images
// and activations are NHWC, convolution weights OHWI, on every device. Copying a Tensor copies the handle,
// not the data.
#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/device.h"
#include "engine/dtype.h"
#include "engine/shape.h"

namespace unmask {

// The memory behind one or more tensors.
class Buffer {
  public:
    Buffer(std::shared_ptr<Context> context, size_t bytes);
    // Memory that somebody else owns and keeps alive through `owner` (a mapped file, a static array).
    Buffer(std::shared_ptr<Context> context, void* memory, size_t bytes, std::shared_ptr<const void> owner);
    // Memory whose place is given later, by place(): of recorded work (engine/recording.h).
    enum Unplaced { unplaced };
    Buffer(std::shared_ptr<Context> context, size_t bytes, Unplaced);
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer();

    [[nodiscard]] std::byte* data() const { return data_; }
    [[nodiscard]] size_t bytes() const { return bytes_; }
    [[nodiscard]] const std::shared_ptr<Context>& context() const { return context_; }

    // Gives an unplaced buffer its memory, which `owner` keeps alive.
    void place(void* memory, std::shared_ptr<const void> owner);

    // A frozen buffer never changes again. Kernels may attach what they derive from it (weights packed for
    // one shape); it lives as long as the buffer.
    [[nodiscard]] bool frozen() const { return frozen_; }
    void freeze() { frozen_ = true; }

    // The attachment under the key, made by `make` when there is none yet; an exception of `make` leaves
    // none. Thread-safe; T must be copyable and cheap to copy (a shared_ptr, a handle).
    template <class T, class Make>
    T attachment(const std::string& key, Make&& make) {
        const std::lock_guard lock(attachment_mutex_);
        auto place = attachments_.find(key);
        if (place == attachments_.end()) place = attachments_.emplace(key, T(make())).first;
        return std::any_cast<T>(place->second);
    }

  private:
    std::shared_ptr<Context> context_;
    std::shared_ptr<const void> owner_;
    std::byte* data_ = nullptr;
    size_t bytes_ = 0;
    bool frozen_ = false;
    std::mutex attachment_mutex_;
    std::map<std::string, std::any> attachments_;
};

class Tensor {
  public:
    Tensor() = default;  // undefined: no buffer

    [[nodiscard]] static Tensor empty(const Shape& shape, DType dtype = DType::f32,
                                      Device device = cpu_device);
    [[nodiscard]] static Tensor zeros(const Shape& shape, DType dtype = DType::f32,
                                      Device device = cpu_device);
    [[nodiscard]] static Tensor full(const Shape& shape, double value, DType dtype = DType::f32,
                                     Device device = cpu_device);
    // Uninitialised, with the shape, dtype and device of another.
    [[nodiscard]] static Tensor empty_like(const Tensor& other);
    [[nodiscard]] static Tensor zeros_like(const Tensor& other);
    // The values, in row-major order; Error when their number does not fit the shape.
    template <class T>
    [[nodiscard]] static Tensor from(const Shape& shape, std::span<const T> values,
                                     Device device = cpu_device);
    template <class T>
    [[nodiscard]] static Tensor from(const Shape& shape, const std::vector<T>& values,
                                     Device device = cpu_device) {
        return from(shape, std::span<const T>(values), device);
    }
    // A tensor over a part of an existing buffer, starting at a byte offset; Error when it reaches beyond.
    [[nodiscard]] static Tensor view(std::shared_ptr<Buffer> buffer, size_t byte_offset, const Shape& shape,
                                     DType dtype);

    [[nodiscard]] bool defined() const { return buffer_ != nullptr; }
    explicit operator bool() const { return defined(); }

    [[nodiscard]] const Shape& shape() const { return shape_; }
    [[nodiscard]] int rank() const { return shape_.rank(); }
    [[nodiscard]] int64_t dim(int i) const { return shape_[i]; }
    [[nodiscard]] int64_t numel() const { return shape_.numel(); }
    [[nodiscard]] DType dtype() const { return dtype_; }
    [[nodiscard]] size_t bytes() const { return static_cast<size_t>(numel()) * size_of(dtype_); }
    [[nodiscard]] Device device() const { return buffer_->context()->device(); }
    [[nodiscard]] const std::shared_ptr<Buffer>& buffer() const { return buffer_; }
    [[nodiscard]] size_t byte_offset() const { return byte_offset_; }

    [[nodiscard]] void* raw() const { return buffer_->data() + byte_offset_; }
    // The elements; T must be the dtype's C++ type (asserted). Host code may only follow a CPU tensor's
    // pointer. Error when there is no memory: before recorded work is placed (engine/recording.h), or where a
    // module has nothing but shapes (layers/module.h).
    template <class T>
    [[nodiscard]] T* data() const {
        check_dtype(dtype_of<T>);
        check_memory();
        return static_cast<T*>(raw());
    }

    // The same elements under another shape of equal size; shares the buffer. Error when the sizes differ.
    [[nodiscard]] Tensor reshape(const Shape& shape) const;
    // Rows [begin, end) of dimension 0; shares the buffer.
    [[nodiscard]] Tensor rows(int64_t begin, int64_t end) const;

    [[nodiscard]] Tensor clone() const;
    [[nodiscard]] Tensor to(Device device) const;  // itself when already there
    [[nodiscard]] Tensor to(DType dtype) const;  // itself when already so; conversions run on the host's CPU
    void copy_from(const Tensor& source);  // same shape and dtype, memory on both sides (Error); any devices
    void fill_zero();

    // Elements on the host, converted; for tests, logs and small results. Error as of data().
    [[nodiscard]] std::vector<float> to_floats() const;
    [[nodiscard]] std::vector<double> to_doubles() const;
    // The one element of a tensor with a single element (Error otherwise).
    [[nodiscard]] double item() const;

  private:
    void check_dtype(DType dtype) const;
    [[nodiscard]] bool recorded() const;  // whether calls on it are recorded now
    void check_memory() const {
        if (buffer_->data() == nullptr && buffer_->bytes() > 0) [[unlikely]]
            fail_without_memory();
    }
    [[noreturn]] void fail_without_memory() const;

    std::shared_ptr<Buffer> buffer_;
    size_t byte_offset_ = 0;
    Shape shape_;
    DType dtype_ = DType::f32;
};

}  // namespace unmask
