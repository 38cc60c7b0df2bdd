// SPDX-License-Identifier: Apache-2.0
// The arithmetic of Winograd's convolution of one tile with a 3×3 or 4×4 kernel (Lavin & Gray, "Fast
// algorithms for convolutional neural networks", CVPR 2016): with kernel g and tile d
//     y = Aᵀ [ (G g Gᵀ) ∘ (Bᵀ d B) ] A,
// m × m outputs of (m + 2)² products instead of 9 m². The matrices are those of Toom and Cook for the points
// 0, ±1, ∞ (m = 2), 0, ±√½, ±√2, ∞ (m = 4; these round about half as much as 0, ±1, ±2, ∞) and
// 0, ±37/64, ±37/32, ±37/8 (m = 5): with
// N_j = Π_{l≠j} (p_j - p_l), row j of Bᵀ holds the coefficients of Π_{l≠j} (x - p_l), of G p_j^k / N_j, and
// column j of Aᵀ p_j^i; at ∞ they are those of Π_l (x - p_l), and 1 for the highest power. In tiles of 4 and
// 5 factors stand in Aᵀ instead of G, so that a line's points follow from its three taps, scaled by powers of
// one of them, by additions alone: point_weight().
#pragma once

#include "cpu/winograd_points.h"

namespace unmask {

template <int outputs, int stride = 1>
struct WinogradTile;

template <>
struct WinogradTile<2> {
    static constexpr int outputs = 2, size = 4, stride = 1;
    // Bᵀ d
    template <class V>
    static void input(const V* from, V* to, int step) {
        const V d0 = from[0], d1 = from[step], d2 = from[2 * step], d3 = from[3 * step];
        to[0] = d2 - d0;
        to[step] = d2 + d1;
        to[2 * step] = d2 - d1;
        to[3 * step] = d3 - d1;
    }
    // Aᵀ m
    template <class V>
    static void output(const V* from, V* to, int from_step, int to_step) {
        const V sum = from[from_step] + from[2 * from_step];
        const V difference = from[from_step] - from[2 * from_step];
        to[0] = from[0] + sum;
        to[to_step] = difference + from[3 * from_step];
    }
    // A g: the transpose of output().
    template <class V>
    static void output_gradient(const V* from, V* to, int from_step, int to_step) {
        const V g0 = from[0], g1 = from[from_step];
        to[0] = g0;
        to[to_step] = g0 + g1;
        to[2 * to_step] = g0 - g1;
        to[3 * to_step] = g1;
    }
    // G g: the products with `kernel` below, some of them shared.
    template <class V>
    static void weights(const V* from, V* to, int step) {
        const V g0 = from[0], g1 = from[step], g2 = from[2 * step];
        const V even = 0.5f * (g0 + g2);
        to[0] = -g0;
        to[step] = even + 0.5f * g1;
        to[2 * step] = even - 0.5f * g1;
        to[3 * step] = g2;
    }
    static constexpr double kernel[size][3] = {
        {-1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};  // G
};

template <>
struct WinogradTile<4> {
    static constexpr int outputs = 4, size = 6, stride = 1;
    static constexpr double low = 0.70710678118654752440, high = 1.41421356237309504880;  // √½ and √2

    template <class V>
    static void input(const V* from, V* to, int step) {
        constexpr auto a = static_cast<float>(low), b = static_cast<float>(high);
        const V d0 = from[0], d1 = from[step], d2 = from[2 * step], d3 = from[3 * step], d4 = from[4 * step];
        const V even_low = d4 - 2.0f * d2, odd_low = a * (d3 - 2.0f * d1);
        const V even_high = d4 - 0.5f * d2, odd_high = b * (d3 - 0.5f * d1);
        to[0] = d4 - 2.5f * d2 + d0;
        to[5 * step] = from[5 * step] - 2.5f * d3 + d1;
        to[step] = even_low + odd_low;
        to[2 * step] = even_low - odd_low;
        to[3 * step] = even_high + odd_high;
        to[4 * step] = even_high - odd_high;
    }
    template <class V>
    static void output(const V* from, V* to, int from_step, int to_step) {
        constexpr auto third = static_cast<float>(1.0 / 3), sixth = static_cast<float>(1.0 / 6);
        constexpr auto a = static_cast<float>(low / 3), b = static_cast<float>(high / 6);
        const V low_sum = from[from_step] + from[2 * from_step];
        const V low_difference = from[from_step] - from[2 * from_step];
        const V high_sum = from[3 * from_step] + from[4 * from_step];
        const V high_difference = from[3 * from_step] - from[4 * from_step];
        to[0] = from[0] - (2 * third) * low_sum + sixth * high_sum;
        to[to_step] = b * high_difference - (2 * a) * low_difference;
        to[2 * to_step] = third * (high_sum - low_sum);
        to[3 * to_step] = (2 * b) * high_difference - a * low_difference + 2.0f * from[5 * from_step];
    }
    template <class V>
    static void output_gradient(const V* from, V* to, int from_step, int to_step) {
        constexpr auto third = static_cast<float>(1.0 / 3), sixth = static_cast<float>(1.0 / 6);
        constexpr auto a = static_cast<float>(low / 3), b = static_cast<float>(high / 6);
        const V g0 = from[0], g1 = from[from_step], g2 = from[2 * from_step], g3 = from[3 * from_step];
        const V even_low = -third * (g0 + g0 + g2), odd_low = a * (g1 + g1 + g3);
        const V even_high = sixth * g0 + third * g2, odd_high = b * (g1 + g3 + g3);
        to[0] = g0;
        to[to_step] = even_low - odd_low;
        to[2 * to_step] = even_low + odd_low;
        to[3 * to_step] = even_high + odd_high;
        to[4 * to_step] = even_high - odd_high;
        to[5 * to_step] = g3 + g3;
    }
    static constexpr double tap_scale[3] = {1, low, low* low};
    template <int j, class V>
    static V point_weight(V s0, V s1, V s2) {
        if constexpr (j == 0)
            return s0;
        else if constexpr (j <= 2)
            return winograd_detail::sum_or_difference<j>(s0 + s2, s1);
        else if constexpr (j <= 4)  // one product: faster here than two additions more
            return winograd_detail::sum_or_difference<j>(s0 + 4.0f * s2, winograd_detail::doubled<1>(s1));
        else
            return s2;
    }
    template <class V>
    static void weights(const V* from, V* to, int step) {
        winograd_detail::weights_of_pairs<WinogradTile>(from, to, step);
        to[5 * step] = static_cast<float>(low * low) * from[2 * step];
    }
    static constexpr double kernel[size][3] = {{1, 0, 0},
                                               {1, low, low* low},
                                               {1, -low, low* low},
                                               {1, high, high* high},
                                               {1, -high, high* high},
                                               {0, 0, low* low}};
};

// Points without ∞, the high one four times the middle and eight times the low. Of such these have the least
// error, as little as any found: in the root mean square twice that of the tile of 4 above, a little less
// than that of the usual tile of 4 (docs/performance.md).
template <>
struct WinogradTile<5> {
    static constexpr int outputs = 5, size = 7, stride = 1;
    static constexpr double low = 37.0 / 64, middle = 37.0 / 32, high = 37.0 / 8;
    static constexpr double low_2 = low * low, middle_2 = middle * middle, high_2 = high * high;

    template <class V>
    static void input(const V* from, V* to, int step) {
        const V d0 = from[0], d2 = from[2 * step], d4 = from[4 * step], d6 = from[6 * step];
        const V d1 = from[step], d3 = from[3 * step], d5 = from[5 * step];
        constexpr auto sum = static_cast<float>(low_2 + middle_2 + high_2);
        constexpr auto pairs = static_cast<float>(low_2 * middle_2 + low_2 * high_2 + middle_2 * high_2);
        constexpr auto product = static_cast<float>(low_2 * middle_2 * high_2);
        // x (x ± p) (x² - q²) (x² - r²), even and odd powers of it.
        const auto pair = [&](int row, double p, double q_2, double r_2) {
            const auto a = static_cast<float>(p), t = static_cast<float>(q_2 + r_2);
            const auto u = static_cast<float>(q_2 * r_2);
            const V even = d6 - t * d4 + u * d2, odd = d5 - t * d3 + u * d1;
            to[row * step] = even + a * odd;
            to[(row + 1) * step] = even - a * odd;
        };
        to[0] = d6 - sum * d4 + pairs * d2 - product * d0;
        pair(1, low, middle_2, high_2);
        pair(3, middle, low_2, high_2);
        pair(5, high, low_2, middle_2);
    }
    template <class V>
    static void output(const V* from, V* to, int from_step, int to_step) {
        const V low_sum = from[from_step] + from[2 * from_step];
        const V low_difference = from[from_step] - from[2 * from_step];
        const V middle_sum = from[3 * from_step] + from[4 * from_step];
        const V middle_difference = from[3 * from_step] - from[4 * from_step];
        const V high_sum = from[5 * from_step] + from[6 * from_step];
        const V high_difference = from[5 * from_step] - from[6 * from_step];
        to[0] = winograd_detail::factor(zero_scale) * from[0] + winograd_detail::factor(low_scale) * low_sum +
                winograd_detail::factor(middle_scale) * middle_sum +
                winograd_detail::factor(high_scale) * high_sum;
        to[to_step] = winograd_detail::factor(low_scale, low) * low_difference +
                      winograd_detail::factor(middle_scale, middle) * middle_difference +
                      winograd_detail::factor(high_scale, high) * high_difference;
        to[2 * to_step] = winograd_detail::factor(low_scale, low_2) * low_sum +
                          winograd_detail::factor(middle_scale, middle_2) * middle_sum +
                          winograd_detail::factor(high_scale, high_2) * high_sum;
        to[3 * to_step] = winograd_detail::factor(low_scale, low_2, low) * low_difference +
                          winograd_detail::factor(middle_scale, middle_2, middle) * middle_difference +
                          winograd_detail::factor(high_scale, high_2, high) * high_difference;
        to[4 * to_step] = winograd_detail::factor(low_scale, low_2, low_2) * low_sum +
                          winograd_detail::factor(middle_scale, middle_2, middle_2) * middle_sum +
                          winograd_detail::factor(high_scale, high_2, high_2) * high_sum;
    }
    static constexpr double tap_scale[3] = {1, middle, middle_2};
    template <int j, class V>
    static V point_weight(V s0, V s1, V s2) {
        if constexpr (j == 0)
            return s0;
        else if constexpr (j <= 2)
            return winograd_detail::sum_or_difference<j>(winograd_detail::doubled<2>(s0) + s2,
                                                         winograd_detail::doubled<1>(s1));
        else if constexpr (j <= 4)
            return winograd_detail::sum_or_difference<j>(s0 + s2, s1);
        else
            return winograd_detail::sum_or_difference<j>(s0 + winograd_detail::doubled<4>(s2),
                                                         winograd_detail::doubled<2>(s1));
    }
    template <class V>
    static void weights(const V* from, V* to, int step) {
        winograd_detail::weights_of_pairs<WinogradTile>(from, to, step);
    }
    static constexpr double kernel[size][3] = {{1, 0, 0},
                                               {4, 4 * low, 4 * low_2},
                                               {4, -4 * low, 4 * low_2},
                                               {1, middle, middle_2},
                                               {1, -middle, middle_2},
                                               {1, high, high_2},
                                               {1, -high, high_2}};

  private:
    // 1 / N of the points, of ±low a fourth.
    static constexpr double zero_scale = -1 / (low_2 * middle_2 * high_2);
    static constexpr double low_scale = 1 / (8 * low_2 * (low_2 - middle_2) * (low_2 - high_2));
    static constexpr double middle_scale = 1 / (2 * middle_2 * (middle_2 - low_2) * (middle_2 - high_2));
    static constexpr double high_scale = 1 / (2 * high_2 * (high_2 - low_2) * (high_2 - middle_2));
};

// Stride 2: the first and the third tap meet the even pixels of a line as a kernel of two taps of stride 1,
// whose two outputs take three products (points 0, 1, ∞); the middle tap meets the odd ones, one product
// each. 25 products for 4 outputs instead of 36.
template <>
struct WinogradTile<2, 2> {
    static constexpr int outputs = 2, size = 5, stride = 2;
    template <class V>
    static void input(const V* from, V* to, int step) {
        const V d0 = from[0], d1 = from[step], d2 = from[2 * step], d3 = from[3 * step], d4 = from[4 * step];
        to[0] = d0 - d2;
        to[step] = d2;
        to[2 * step] = d4 - d2;
        to[3 * step] = d1;
        to[4 * step] = d3;
    }
    template <class V>
    static void output(const V* from, V* to, int from_step, int to_step) {
        to[0] = from[0] + from[from_step] + from[3 * from_step];
        to[to_step] = from[from_step] + from[2 * from_step] + from[4 * from_step];
    }
    template <class V>
    static void weights(const V* from, V* to, int step) {
        to[0] = from[0];
        to[step] = from[0] + from[2 * step];
        to[2 * step] = from[2 * step];
        to[3 * step] = to[4 * step] = from[step];
    }
    static constexpr double kernel[size][3] = {{1, 0, 0}, {1, 0, 1}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}};
};

}  // namespace unmask
