// SPDX-License-Identifier: Apache-2.0
// The emulation's tensor cores and asynchronous copies: that they compute what a GPU's do, and planted bugs.
#include "cuda/tensor_cores.cuh"

#include <cmath>
#include <vector>

#include "tests/simt/machine_fixture.h"

namespace simt_test {
namespace {

using unmask::BFloat16;
constexpr int pitch = 24, tiles = 2;

// What is to go wrong.
enum class Wrong { nothing, late, unaligned, alone };

// out [2 * 16, 16] = a [2 * 16, 16] b [16, 16]^T, a tile of rows for each warp.
template <Wrong wrong>
__global__ void product_kernel(const BFloat16* a, const BFloat16* b, float* out) {
    using Memory = unmask::TileMemory<16 * pitch>;
    UNMASK_SHARED(Memory, rows, tiles);
    UNMASK_SHARED(Memory, columns, 1);
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const int row = lane / 2, half = lane % 2 * 8;
    unmask::copy_async(rows[warp].values + row * pitch + half, a + (warp * 16 + row) * 16 + half, true);
    if (warp == 0)
        unmask::copy_async(columns->values + row * pitch + half, b + row * 16 + half,
                           row != 3);  // zeros there
    unmask::commit_copies();
    if constexpr (wrong != Wrong::late) unmask::wait_for_copies(0);
    __syncthreads();
    unmask::TileA left;
    unmask::TileB right;
    unmask::TileSums sums;
    unmask::clear_tile(sums);
    if constexpr (wrong == Wrong::alone)
        if (lane == 5) return;
    unmask::load_tile(left, rows[warp].values + (wrong == Wrong::unaligned ? 8 : 0), pitch);
    unmask::load_tile(right, columns->values, pitch);
    unmask::multiply_tiles(sums, left, right);
    unmask::multiply_tiles(sums, left, right);
    unmask::store_tile(out + warp * 256, sums, 16);
}

struct Operands {
    std::vector<BFloat16> a = std::vector<BFloat16>(tiles * 256), b = std::vector<BFloat16>(256);
    alignas(32) float out[tiles * 256] = {};
    Operands() {
        for (size_t i = 0; i < a.size(); ++i) a[i] = BFloat16(static_cast<float>(i * 7 % 11) - 5.0f);
        for (size_t i = 0; i < b.size(); ++i) b[i] = BFloat16(static_cast<float>(i * 5 % 13) - 6.0f);
    }
    // Of out at that place.
    [[nodiscard]] float expected(size_t row, size_t column) const {
        float sum = 0.0f;
        for (size_t k = 0; k < 16 && column != 3; ++k)
            sum += 2.0f * static_cast<float>(a[row * 16 + k]) * static_cast<float>(b[column * 16 + k]);
        return sum;
    }
    template <Wrong wrong>
    void multiply() {
        UNMASK_LAUNCH(product_kernel<wrong>, 1, 32 * tiles, 0, nullptr, a.data(), b.data(), out);
    }
};

TEST_F(Machine, MultipliesTilesByWarps) {
    for (const simt::Order order : orders) {
        simt::set_order(order);
        Operands operands;
        operands.multiply<Wrong::nothing>();
        for (size_t row = 0; row < size_t{16} * tiles; ++row)
            for (size_t column = 0; column < 16; ++column)
                EXPECT_EQ(operands.out[row * 16 + column], operands.expected(row, column))
                    << row << " " << column;
    }
}

TEST_F(Machine, ShowsACopyThatIsNotWaitedFor) {
    Operands operands;
    operands.multiply<Wrong::late>();
    for (const float value : operands.out) EXPECT_TRUE(std::isnan(value));
}

TEST_F(Machine, CatchesATileAtAnOddAddress) {
    Operands operands;
    expect_fault([&] { operands.multiply<Wrong::unaligned>(); },
                 {"product_kernel", "expected a tile at a multiple of 32 bytes", "tensor_cores"});
}

TEST_F(Machine, CatchesALaneThatIsMissingFromAProduct) {
    Operands operands;
    expect_fault([&] { operands.multiply<Wrong::alone>(); },
                 {"product_kernel", "lane 5 has ended but is in the mask"});
}

// Two batches of one copy each, of which the later is waited for or not.
__global__ void batches_kernel(const BFloat16* from, BFloat16* to, int pending) {
    UNMASK_SHARED(BFloat16, shared, 16);
    for (int batch = 0; batch < 2; ++batch) {
        unmask::copy_async(shared + batch * 8, from + batch * 8, true);
        unmask::commit_copies();
    }
    unmask::wait_for_copies(pending);
    for (int i = 0; i < 16; ++i) to[i] = shared[i];
}

TEST_F(Machine, CopiesArriveBatchByBatch) {
    alignas(16) BFloat16 from[16];
    BFloat16 to[16];
    for (int i = 0; i < 16; ++i) from[i] = BFloat16(static_cast<float>(i));
    for (const int pending : {0, 1, 2, 3}) {
        UNMASK_LAUNCH(batches_kernel, 1, 1, 0, nullptr, from, to, pending);
        for (int i = 0; i < 16; ++i)
            EXPECT_EQ(std::isnan(static_cast<float>(to[i])), i / 8 >= 2 - pending) << pending << " " << i;
    }
}

__global__ void misplaced_copy_kernel(const BFloat16* from, BFloat16* global, bool odd) {
    UNMASK_SHARED(BFloat16, shared, 16);
    unmask::copy_async(odd ? shared + 1 : global, from, true);
}

TEST_F(Machine, CatchesCopiesToWhereNoneMayGo) {
    alignas(16) BFloat16 from[8], global[8];
    const auto launch = [&](bool odd) {
        return [&, odd] { UNMASK_LAUNCH(misplaced_copy_kernel, 1, 1, 0, nullptr, from, global, odd); };
    };
    expect_fault(launch(false), {"misplaced_copy_kernel", "goes to shared memory alone"});
    expect_fault(launch(true), {"a vector access of 16 bytes"});
}

}  // namespace
}  // namespace simt_test
