// SPDX-License-Identifier: Apache-2.0
// Sums of products channel by channel: what depthwise convolutions and their gradients of the input are made
// of.
#pragma once

#include "cpu/scratch.h"
#include "cpu/simd.h"
#include "engine/tensor.h"

namespace unmask {

template <class T>
struct Product {
    const T* a;
    const T* b;
};

// At most `most` products, the taps that meet one pixel.
template <class T>
class Products {
  public:
    explicit Products(int64_t most) : memory_(most), end_(memory_.data()) {}
    void clear() { end_ = memory_.data(); }
    void append(const T* a, const T* b) { *end_++ = {a, b}; }
    [[nodiscard]] Product<T>* begin() const { return memory_.data(); }
    [[nodiscard]] Product<T>* end() const { return end_; }

  private:
    Scratch<Product<T>> memory_;
    Product<T>* end_;
};

// out[c] = start[c] (null: 0) + Σ_t products[t].a[c] · products[t].b[c], in blocks of channels kept in
// registers.
template <class T>
void sum_of_products(const Products<T>& products, const T* start, T* out, int64_t channels) {
    using Vectors = Simd<T>;
    constexpr int block = 4;
    int64_t c = 0;
    for (; c + block * Vectors::lanes <= channels; c += block * Vectors::lanes) {
        typename Vectors::Vector sums[block];
        for (int v = 0; v < block; ++v)
            sums[v] =
                start == nullptr ? typename Vectors::Vector{} : Vectors::at(start + c + v * Vectors::lanes);
        for (const auto& [a, b] : products)
            for (int v = 0; v < block; ++v)
                sums[v] += Vectors::at(a + c + v * Vectors::lanes) * Vectors::at(b + c + v * Vectors::lanes);
        for (int v = 0; v < block; ++v) Vectors::at(out + c + v * Vectors::lanes) = sums[v];
    }
    for (; c + Vectors::lanes <= channels; c += Vectors::lanes) {
        auto sum = start == nullptr ? typename Vectors::Vector{} : Vectors::at(start + c);
        for (const auto& [a, b] : products) sum += Vectors::at(a + c) * Vectors::at(b + c);
        Vectors::at(out + c) = sum;
    }
    for (; c < channels; ++c) {
        T sum = start == nullptr ? T(0) : start[c];
        for (const auto& [a, b] : products) sum += a[c] * b[c];
        out[c] = sum;
    }
}

// weight [C, kh, kw, 1] -> to [kh · kw, C].
template <class T>
void channels_last(const Tensor& weight, T* to) {
    const int64_t channels = weight.dim(0), taps = weight.dim(1) * weight.dim(2);
    const T* from = weight.data<T>();
    for (int64_t c = 0; c < channels; ++c)
        for (int64_t tap = 0; tap < taps; ++tap) to[tap * channels + c] = from[c * taps + tap];
}

}  // namespace unmask
