// SPDX-License-Identifier: Apache-2.0
// What each augmentation costs a picture of 224 × 224 when it happens, and normalising.
#include <benchmark/benchmark.h>

#include "bench/loader/pictures.h"
#include "data/augmentation/augmentation.h"
#include "data/normalisation.h"

namespace unmask {
namespace {

constexpr int side = 224;

void augment_with(benchmark::State& state, const Augmentation& augmentation) {
    const std::vector<Image>& pictures = bench_pictures(side);
    uint64_t sample = 0;
    for (auto _ : state) {
        Image image = pictures[sample % pictures.size()];
        augmentation.apply(image, 1, 0, sample++);
        benchmark::DoNotOptimize(image.pixels.data());
    }
    state.counters["images/s"] = benchmark::Counter(double(state.iterations()), benchmark::Counter::kIsRate);
}

void alone(benchmark::State& state, const AugmentationEntry& entry) {
    Augmentation augmentation;
    for (const AugmentationEntry& each : augmentation_table()) augmentation.set_probability(each.name, 0);
    augmentation.set_probability(entry.name, 1);
    augment_with(state, augmentation);
}

// The reference's probabilities (recipes/reference.toml).
void reference(benchmark::State& state) {
    Augmentation augmentation;
    augmentation.set_one_of(0.7);
    for (const char* name : {"brightness_contrast", "pca_colour", "hue_saturation"})
        augmentation.set_probability(name, 1);
    augment_with(state, augmentation);
}
BENCHMARK(reference)->Name("augment/reference")->Unit(benchmark::kMicrosecond);

void copy(benchmark::State& state) {
    Augmentation augmentation;
    augmentation.set_strength(0);
    augment_with(state, augmentation);
}
BENCHMARK(copy)->Name("augment/nothing")->Unit(benchmark::kMicrosecond);

void normalise_picture(benchmark::State& state) {
    const std::vector<Image>& pictures = bench_pictures(side);
    std::vector<float> output(pictures[0].pixels.size());
    size_t i = 0;
    for (auto _ : state) {
        normalise(pictures[i++ % pictures.size()], {}, output.data());
        benchmark::DoNotOptimize(output.data());
    }
}
BENCHMARK(normalise_picture)->Name("normalise")->Unit(benchmark::kMicrosecond);

const bool registered = [] {
    for (const AugmentationEntry& entry : augmentation_table())
        benchmark::RegisterBenchmark(("augment/" + std::string(entry.name)).c_str(), alone, entry)
            ->Unit(benchmark::kMicrosecond);
    return true;
}();

}  // namespace
}  // namespace unmask
