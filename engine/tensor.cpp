// SPDX-License-Identifier: Apache-2.0
#include "engine/tensor.h"

#include <cstring>

#include "engine/error.h"
#include "engine/recording.h"

namespace unmask {
namespace {

// Calls `visit` with a null pointer of the dtype's C++ type.
template <class Visit>
void visit_dtype(DType dtype, Visit&& visit) {
    switch (dtype) {
        case DType::f32:
            return visit(static_cast<float*>(nullptr));
        case DType::f64:
            return visit(static_cast<double*>(nullptr));
        case DType::bf16:
            return visit(static_cast<BFloat16*>(nullptr));
        case DType::f16:
            return visit(static_cast<Float16*>(nullptr));
        case DType::u8:
            return visit(static_cast<uint8_t*>(nullptr));
        case DType::i8:
            return visit(static_cast<int8_t*>(nullptr));
        case DType::i32:
            return visit(static_cast<int32_t*>(nullptr));
        case DType::i64:
            return visit(static_cast<int64_t*>(nullptr));
    }
}

template <class T>
inline constexpr bool is_half = std::is_same_v<T, BFloat16> || std::is_same_v<T, Float16>;

template <class To, class From>
To convert(From value) {
    if constexpr (std::is_same_v<To, From>) {
        return value;
    } else if constexpr (is_half<From>) {
        return convert<To>(static_cast<float>(value));
    } else if constexpr (is_half<To>) {
        return To(static_cast<float>(value));
    } else {
        return static_cast<To>(value);
    }
}

void convert_elements(const Tensor& source, Tensor& target) {
    visit_dtype(source.dtype(), [&](auto* from) {
        visit_dtype(target.dtype(), [&](auto* to) {
            using From = std::remove_pointer_t<decltype(from)>;
            using To = std::remove_pointer_t<decltype(to)>;
            const From* input = source.data<From>();
            To* output = target.data<To>();
            const int64_t count = source.numel();
            for (int64_t i = 0; i < count; ++i) output[i] = convert<To>(input[i]);
        });
    });
}

void copy_on_host(const Tensor& source, Tensor& target) {
    target.buffer()->context()->copy_on_device(target.raw(), source.raw(), target.bytes());
}

void fill_host(Tensor& target) {
    target.buffer()->context()->fill_zero(target.raw(), target.bytes());
}

}  // namespace

Buffer::Buffer(std::shared_ptr<Context> context, size_t bytes) : context_(std::move(context)), bytes_(bytes) {
    if (bytes_ > 0) data_ = static_cast<std::byte*>(context_->allocate(bytes_));
}

Buffer::Buffer(std::shared_ptr<Context> context, void* memory, size_t bytes,
               std::shared_ptr<const void> owner)
    : context_(std::move(context)),
      owner_(std::move(owner)),
      data_(static_cast<std::byte*>(memory)),
      bytes_(bytes) {
    UNMASK_ASSERT(owner_ != nullptr);
}

Buffer::Buffer(std::shared_ptr<Context> context, size_t bytes, Unplaced)
    : context_(std::move(context)), bytes_(bytes) {}

void Buffer::place(void* memory, std::shared_ptr<const void> owner) {
    UNMASK_ASSERT(data_ == nullptr && owner != nullptr);
    data_ = static_cast<std::byte*>(memory);
    owner_ = std::move(owner);
}

Buffer::~Buffer() {
    attachments_.clear();
    if (data_ != nullptr && owner_ == nullptr) context_->release(data_, bytes_);
}

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device) {
    const size_t bytes = static_cast<size_t>(shape.numel()) * size_of(dtype);
    Recording* recording = device.type == DeviceType::cpu ? Recording::current() : nullptr;
    return view(recording != nullptr ? recording->buffer(context_of(device), bytes)
                                     : std::make_shared<Buffer>(context_of(device), bytes),
                0, shape, dtype);
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
    Tensor result = empty(shape, dtype, device);
    result.fill_zero();
    return result;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
    const Recording::Pause constant;
    Tensor host = empty(shape, dtype);
    visit_dtype(dtype, [&](auto* pointer) {
        using T = std::remove_pointer_t<decltype(pointer)>;
        std::fill_n(host.data<T>(), host.numel(), convert<T>(value));
    });
    return host.to(device);
}

Tensor Tensor::empty_like(const Tensor& other) {
    return empty(other.shape(), other.dtype(), other.device());
}
Tensor Tensor::zeros_like(const Tensor& other) {
    return zeros(other.shape(), other.dtype(), other.device());
}

template <class T>
Tensor Tensor::from(const Shape& shape, std::span<const T> values, Device device) {
    if (shape.numel() != static_cast<int64_t>(values.size()))
        fail("tensor: expected {} values for shape {}, found {}", shape.numel(), shape.str(), values.size());
    const Recording::Pause constant;
    Tensor result = empty(shape, dtype_of<T>, device);
    result.buffer()->context()->copy_from_host(result.raw(), values.data(), result.bytes());
    return result;
}
template Tensor Tensor::from(const Shape&, std::span<const float>, Device);
template Tensor Tensor::from(const Shape&, std::span<const double>, Device);
template Tensor Tensor::from(const Shape&, std::span<const BFloat16>, Device);
template Tensor Tensor::from(const Shape&, std::span<const Float16>, Device);
template Tensor Tensor::from(const Shape&, std::span<const uint8_t>, Device);
template Tensor Tensor::from(const Shape&, std::span<const int8_t>, Device);
template Tensor Tensor::from(const Shape&, std::span<const int32_t>, Device);
template Tensor Tensor::from(const Shape&, std::span<const int64_t>, Device);

Tensor Tensor::view(std::shared_ptr<Buffer> buffer, size_t byte_offset, const Shape& shape, DType dtype) {
    Tensor result;
    result.buffer_ = std::move(buffer);
    result.byte_offset_ = byte_offset;
    result.shape_ = shape;
    result.dtype_ = dtype;
    if (byte_offset + result.bytes() > result.buffer_->bytes())
        fail("tensor view: expected at most {} bytes, found {} at offset {}", result.buffer_->bytes(),
             result.bytes(), byte_offset);
    return result;
}

Tensor Tensor::reshape(const Shape& shape) const {
    if (shape.numel() != numel())
        fail("reshape: expected {} elements as in {}, found {}", numel(), shape_.str(), shape.str());
    Tensor result = *this;
    result.shape_ = shape;
    return result;
}

Tensor Tensor::rows(int64_t begin, int64_t end) const {
    if (rank() == 0 || begin < 0 || end < begin || end > dim(0))
        fail("rows: expected a range within {}, found [{}, {})", shape_.str(), begin, end);
    Tensor result = *this;
    const size_t row_bytes = dim(0) == 0 ? 0 : bytes() / static_cast<size_t>(dim(0));
    result.shape_.set(0, end - begin);
    result.byte_offset_ += static_cast<size_t>(begin) * row_bytes;
    return result;
}

Tensor Tensor::clone() const {
    Tensor result = empty_like(*this);
    result.copy_from(*this);
    return result;
}

Tensor Tensor::to(Device device) const {
    if (device == this->device()) return *this;
    Tensor result = empty(shape_, dtype_, device);
    result.copy_from(*this);
    return result;
}

Tensor Tensor::to(DType dtype) const {
    if (dtype == dtype_) return *this;
    check_memory();
    const Recording::Pause constant;
    const Tensor source = to(cpu_device);
    Tensor result = empty(shape_, dtype);
    convert_elements(source, result);
    return result.to(device());
}

void Tensor::copy_from(const Tensor& source) {
    if (source.shape() != shape_ || source.dtype() != dtype_)
        fail("copy: expected {} {}, found {} {}", name_of(dtype_), shape_.str(), name_of(source.dtype()),
             source.shape().str());
    if (device() == source.device() && recorded())
        return Recording::current()->add(&copy_on_host, source, *this);
    check_memory();
    source.check_memory();
    if (device() == source.device())
        buffer_->context()->copy_on_device(raw(), source.raw(), bytes());
    else if (source.device().type == DeviceType::cpu)
        buffer_->context()->copy_from_host(raw(), source.raw(), bytes());
    else if (device().type == DeviceType::cpu)
        source.buffer()->context()->copy_to_host(raw(), source.raw(), bytes());
    else
        copy_from(source.to(cpu_device));
}

void Tensor::fill_zero() {
    if (recorded()) return Recording::current()->add(&fill_host, *this);
    buffer_->context()->fill_zero(raw(), bytes());
}

std::vector<float> Tensor::to_floats() const {
    const Tensor host = to(cpu_device).to(DType::f32);
    return {host.data<float>(), host.data<float>() + numel()};
}

std::vector<double> Tensor::to_doubles() const {
    const Tensor host = to(cpu_device).to(DType::f64);
    return {host.data<double>(), host.data<double>() + numel()};
}

double Tensor::item() const {
    if (numel() != 1) fail("item: expected a tensor with one element, found {}", shape_.str());
    return to_doubles()[0];
}

bool Tensor::recorded() const {
    return Recording::current() != nullptr && device().type == DeviceType::cpu;
}

void Tensor::fail_without_memory() const {
    fail("tensor {} {}: expected memory, found {}", name_of(dtype_), shape_.str(),
         Recording::current() != nullptr ? "what recorded work will compute" : "a shape alone");
}

void Tensor::check_dtype(DType dtype) const {
    UNMASK_ASSERT(defined() && dtype == dtype_);
}

}  // namespace unmask
