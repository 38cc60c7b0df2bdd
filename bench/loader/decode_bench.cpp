// SPDX-License-Identifier: Apache-2.0
// Decoding a crop of 256 × 256 and resizing it to 224 × 224.
#include <benchmark/benchmark.h>

#include "bench/loader/pictures.h"
#include "data/picture.h"

namespace unmask {
namespace {

using File = std::vector<uint8_t>;

void decode(benchmark::State& state, const std::vector<File>& files) {
    size_t i = 0, bytes = 0;
    for (auto _ : state) {
        const File& file = files[i++ % files.size()];
        bytes += file.size();
        const Image image = read_picture_from_memory(file);
        benchmark::DoNotOptimize(image.pixels.data());
    }
    state.counters["images/s"] = benchmark::Counter(double(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["bytes"] = double(bytes) / double(state.iterations());
}

void jpeg(benchmark::State& state) {
    std::vector<File> files;
    for (const Image& image : bench_pictures(256)) files.push_back(encode_jpeg(image, 95));
    decode(state, files);
}
BENCHMARK(jpeg)->Name("decode/jpeg")->Unit(benchmark::kMicrosecond);

void png(benchmark::State& state) {
    std::vector<File> files;
    for (const Image& image : bench_pictures(256)) files.push_back(encode_png(image));
    decode(state, files);
}
BENCHMARK(png)->Name("decode/png")->Unit(benchmark::kMicrosecond);

void shrink(benchmark::State& state) {
    const std::vector<Image>& pictures = bench_pictures(256);
    size_t i = 0;
    for (auto _ : state) {
        const Image image = resize(pictures[i++ % pictures.size()], 224, 224);
        benchmark::DoNotOptimize(image.pixels.data());
    }
}
BENCHMARK(shrink)->Name("resize/256-to-224")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace unmask
