// SPDX-License-Identifier: Apache-2.0
// Random numbers by Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
// pure function of (seed, stream name, step, element), so that every device and any number of threads draws
// the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace unmask {

using PhiloxKey = std::array<uint32_t, 2>;
using PhiloxBlock = std::array<uint32_t, 4>;

// Ten rounds over one counter block.
constexpr PhiloxBlock philox4x32(PhiloxBlock counter, PhiloxKey key) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t product0 = uint64_t{0xD2511F53u} * counter[0];
        const uint64_t product1 = uint64_t{0xCD9E8D57u} * counter[2];
        counter = {
            static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
            static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
        key[0] += 0x9E3779B9u;
        key[1] += 0xBB67AE85u;
    }
    return counter;
}

// Uniform in [0, 1) from the top 24 bits: exact in float32.
constexpr float philox_uniform(uint32_t bits) {
    return static_cast<float>(bits >> 8) * 0x1p-24f;
}

// One named stream of draws. Element e of step s is word e % 4 of block (e / 4, s).
class Philox {
  public:
    Philox(uint64_t seed, std::string_view stream);
    explicit constexpr Philox(PhiloxKey key) : key_(key) {}

    [[nodiscard]] constexpr PhiloxBlock block(uint64_t step, uint64_t index) const {
        return philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                           static_cast<uint32_t>(step), static_cast<uint32_t>(step >> 32)},
                          key_);
    }
    [[nodiscard]] constexpr uint32_t bits(uint64_t step, uint64_t element) const {
        return block(step, element / 4)[element % 4];
    }
    [[nodiscard]] constexpr float uniform(uint64_t step, uint64_t element) const {
        return philox_uniform(bits(step, element));
    }
    [[nodiscard]] constexpr PhiloxKey key() const { return key_; }

  private:
    PhiloxKey key_;
};

// Draws of one (stream, step) taken one after the other, for code that decides as it goes.
class PhiloxSequence {
  public:
    PhiloxSequence(uint64_t seed, std::string_view stream, uint64_t step = 0)
        : philox_(seed, stream), step_(step) {}

    uint32_t bits();
    float uniform();                          // [0, 1)
    double uniform(double low, double high);  // [low, high)
    double normal();                          // mean 0, variance 1 (Box-Muller)
    uint64_t below(uint64_t count);           // 0 … count-1, without bias; count > 0
    bool chance(double probability) { return uniform() < probability; }

    // Where the next word comes from: for draws that go on elsewhere, element by element.
    [[nodiscard]] PhiloxKey key() const { return philox_.key(); }
    [[nodiscard]] uint64_t step() const { return step_; }
    [[nodiscard]] uint64_t element() const { return element_; }

  private:
    Philox philox_;
    uint64_t step_;
    uint64_t element_ = 0;
};

// A permutation of 0 … count-1 (Fisher-Yates).
[[nodiscard]] std::vector<size_t> random_permutation(PhiloxSequence& random, size_t count);

// 64-bit FNV-1a over the text's bytes.
[[nodiscard]] constexpr uint64_t fnv1a64(std::string_view text) {
    uint64_t hash = 0xCBF29CE484222325u;
    for (const char byte : text) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001B3u;
    return hash;
}

}  // namespace unmask
