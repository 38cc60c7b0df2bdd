// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/forge_set.h"

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

#include "data/dataset.h"
#include "data/manifest_pictures.h"
#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "data/self_blend/forger.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

fs::path make_output(const fs::path& output) {
    std::error_code error;
    fs::create_directories(output, error);
    if (error) fail("{}: the output folder cannot be made: {}", output.string(), error.message());
    if (fs::exists(output / "faces.csv", error))
        fail("{}: expected a folder without a manifest, found one; choose another or remove it",
             (output / "faces.csv").string());
    return fs::canonical(output);
}

// Where a row's picture goes below the output; two rows of one name are an Error.
std::vector<fs::path> places(const Manifest& rows) {
    std::vector<fs::path> result;
    std::set<fs::path> seen;
    for (const ManifestRow& row : rows.rows) {
        const fs::path place =
            fs::path("crops") / row.dataset / row.method / row.video / fmt::format("{:06}.png", row.frame);
        for (const fs::path& part : place)
            if (part == "..") fail("{}: a video's id cannot hold \"..\"", place.string());
        if (place.is_absolute() || !seen.insert(place).second)
            fail("{}: expected each frame of a video once and relative ids, found {}", rows.source.string(),
                 place.string());
        result.push_back(place);
    }
    return result;
}

void write(const fs::path& file, const Image& picture) {
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error) fail("{}: cannot be made: {}", file.parent_path().string(), error.message());
    write_png(file, picture);
}

// Runs work(0) … work(count - 1) on threads; of several failures the first in order is thrown.
void on_threads(int threads, size_t count, const std::function<void(size_t)>& work) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    size_t failed = count;
    std::vector<std::jthread> pool;
    for (int i = 0; i < threads; ++i)
        pool.emplace_back([&] {
            for (size_t k = next++; k < count; k = next++) {
                try {
                    work(k);
                } catch (...) {
                    const std::lock_guard lock(mutex);
                    if (k < failed) {
                        failed = k;
                        failure = std::current_exception();
                    }
                    next = count;
                }
            }
        });
    pool.clear();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace

ForgeSetReport forge_set(const ForgeSetOptions& options,
                         const std::function<void(int64_t, int64_t)>& progress) {
    const Manifest manifest = read_manifest(options.manifest);
    Manifest rows = select_split(manifest, options.split);
    if (rows.rows.empty())
        fail("{}: no rows in split {} (found {})", options.manifest.string(), options.split,
             describe_splits(manifest));
    rows = with_self_blends(rows);
    check_files(rows);
    const Forger forger(rows, options.seed);
    const std::vector<fs::path> files = places(rows);
    const fs::path output = make_output(options.output);

    Manifest result{.directory = output, .rows = rows.rows};
    const size_t faces = rows.rows.size() / 2;
    const int cores = std::max(1, int(std::thread::hardware_concurrency()));
    std::mutex mutex;
    int64_t done = 0;
    on_threads(options.threads > 0 ? options.threads : cores, faces, [&](size_t face) {
        const ManifestRow& row = rows.rows[2 * face];
        const Image crop = read_picture(rows, row);
        write(output / files[2 * face + 1], forger.forged(crop, row, options.epoch));
        result.rows[2 * face + 1].path = files[2 * face + 1].generic_string();
        if (forger.changes_real(row, options.epoch) || rows.shard != nullptr) {
            write(output / files[2 * face], forger.real(crop, row, options.epoch));
            result.rows[2 * face].path = files[2 * face].generic_string();
        } else {
            result.rows[2 * face].path = fs::absolute(rows.file(row)).lexically_normal().string();
        }
        const std::lock_guard lock(mutex);
        if (progress) progress(++done, int64_t(faces));
    });
    ForgeSetReport report{.manifest = options.output / "faces.csv",
                          .real = int64_t(faces),
                          .forged = int64_t(faces),
                          .without_landmarks = int64_t(faces) - forger.faces_with_landmarks()};
    if (const std::optional<CropSettings> settings = read_crop_settings(options.manifest))
        write_crop_settings(report.manifest, *settings);
    write_manifest(report.manifest, result);
    return report;
}

}  // namespace unmask
