// SPDX-License-Identifier: Apache-2.0
#include "data/self_blend/forge_set.h"

#include <fmt/format.h>

#include <mutex>
#include <set>
#include <system_error>

#include "data/dataset.h"
#include "data/manifest_pictures.h"
#include "data/on_threads.h"
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
    std::mutex mutex;
    int64_t done = 0;
    const PieceOfWork forge = [&](size_t face) {
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
    };
    on_threads(threads_or_cores(options.threads), faces, [&] { return forge; });
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
