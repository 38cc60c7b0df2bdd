// SPDX-License-Identifier: Apache-2.0
// The loader as training uses it, one worker: pictures of 224 × 224 with the reference's augmentation, from
// crops of 256 × 256 as files and from shards. The CPU time is that of the whole process, so that a busy
// machine does not count.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "apps/idle_threads.h"
#include "bench/loader/pictures.h"
#include "bench/program/program.h"
#include "data/loader.h"
#include "data/picture.h"
#include "data/shard/shard.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

constexpr int side = 224;
enum class Source { jpeg, png, jpeg_shard, pixel_shard };

// The pictures in a temporary folder, which goes with the program.
class Folder {
  public:
    Folder() : path_(fs::temp_directory_path() / ("unmask-loader-bench." + std::to_string(::getpid()))) {
        fs::create_directories(path_);
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] Manifest files(bool png) const {
        Manifest manifest{.directory = path_};
        for (const Image& image : bench_pictures(256)) {
            const std::string name = std::to_string(manifest.rows.size()) + (png ? ".png" : ".jpg");
            png ? write_png(path_ / name, image) : write_jpeg(path_ / name, image, 95);
            manifest.rows.push_back({.path = name, .video = name, .label = int(manifest.rows.size() % 2)});
        }
        return manifest;
    }
    [[nodiscard]] Manifest shard(int size) const {
        pack_shard(files(false), path_ / "faces.shard", {.size = size});
        return read_manifest(path_ / "faces.shard");
    }

  private:
    fs::path path_;
};

void load(benchmark::State& state, Source source) {
    const Folder folder;
    const Manifest manifest = source == Source::jpeg         ? folder.files(false)
                              : source == Source::png        ? folder.files(true)
                              : source == Source::jpeg_shard ? folder.shard(0)
                                                             : folder.shard(side);
    const FaceDataset dataset(manifest, {.size = side, .cache_bytes = 0});
    Augmentation augmentation;
    augmentation.set_one_of(0.7);
    for (const char* name : {"brightness_contrast", "pca_colour", "hue_saturation"})
        augmentation.set_probability(name, 1);
    DataLoader loader(dataset, {.batch = 32, .threads = 1, .augmentation = augmentation});
    int64_t epoch = 0, pictures = 0;
    for (auto _ : state) {
        loader.start(epoch++);
        while (const std::optional<Batch> batch = loader.next()) pictures += int64_t(batch->indices.size());
    }
    state.counters["images/s"] = benchmark::Counter(double(pictures), benchmark::Counter::kIsRate);
}
BENCHMARK_CAPTURE(load, jpeg, Source::jpeg)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, png, Source::png)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, jpeg_shard, Source::jpeg_shard)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, pixel_shard, Source::pixel_shard)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

[[gnu::section(".preinit_array"), gnu::used]] auto* const first = &let_idle_threads_sleep_soon;

}  // namespace
}  // namespace unmask

int main(int argc, char** argv) {
    return unmask::run_benchmark_program(argc, argv, [] {});
}
