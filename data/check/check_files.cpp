// SPDX-License-Identifier: Apache-2.0
// Files that are missing or broken.
#include <mutex>
#include <set>
#include <system_error>

#include "cpu/parallel.h"
#include "data/check/check_rows.h"
#include "data/check/nearest_path.h"
#include "data/file_magic.h"
#include "data/picture.h"
#include "data/shard/shard.h"
#include "engine/checksum.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

// Empty, or why the file is no picture that training could read.
std::string read_problem(CheckedFile& file, const Comparison& comparison) {
    try {
        const auto compare_by = [&file](const std::vector<uint8_t>& content) {
            file.bytes = content.size();
            file.hash = checksum(content);
        };
        const std::vector<uint8_t> bytes =
            file.shard ? std::vector<uint8_t>() : read_file(file.path, max_picture_bytes);
        Image image = file.shard ? file.shard->picture(file.row_path)
                                 : read_picture_from_memory(bytes, file.path.string());
        if (!comparison.pixels) {
            compare_by(bytes);
            return {};
        }
        const bool is_sized = file.shard && file.shard->size() != 0;
        if (comparison.size != 0 && !is_sized) image = resize(image, comparison.size, comparison.size);
        compare_by(image.pixels);
        return {};
    } catch (const Error& error) {
        file.readable = false;
        return error.what();
    }
}

// Readers put the file's name in front, which the finding has already.
std::string without_name(const std::string& problem, const std::string& name) {
    const std::string start = name + ": ";
    return problem.starts_with(start) ? problem.substr(start.size()) : problem;
}

}  // namespace

Comparison comparison_of(const CheckedData& data) {
    Comparison comparison;
    bool has_unsized = false;
    std::set<int> sizes;
    for (const CheckedFile& file : data.files) {
        comparison.pixels |= file.shard != nullptr;
        if (file.shard && file.shard->size() != 0)
            sizes.insert(file.shard->size());
        else
            has_unsized = true;
    }
    comparison.all_alike = sizes.size() <= 1;
    if (sizes.size() == 1 && has_unsized) comparison.size = *sizes.begin();
    return comparison;
}

std::vector<Finding> check_readable(CheckedData& data, bool quick, const CheckProgress& progress) {
    Finding missing{FindingKind::missing_file, {}}, unreadable{FindingKind::unreadable_file, {}};
    std::vector<std::string> problems(data.files.size());
    const Comparison comparison = comparison_of(data);
    std::mutex mutex;
    int64_t done = 0;
    const int64_t total = int64_t(data.files.size());
    constexpr int64_t chunk = 16;
    parallel_for(total, chunk, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            CheckedFile& file = data.files[size_t(i)];
            std::error_code ignored;
            if (!file.shard && !fs::exists(file.path, ignored))
                file.readable = false;
            else if (!quick)
                problems[size_t(i)] = read_problem(file, comparison);
        }
        if (!progress) return;
        const std::lock_guard lock(mutex);
        done += end - begin;
        progress(done, total);
    });
    NearestPath nearest;
    for (size_t i = 0; i < data.files.size(); ++i) {
        const CheckedFile& file = data.files[i];
        if (!problems[i].empty())
            unreadable.items.push_back(
                {file.path.string(), {}, without_name(problems[i], file.path.string())});
        else if (!file.readable)
            missing.items.push_back({file.path.string(), {}, nearest.find(file.path).string()});
    }
    return {missing, unreadable};
}

}  // namespace unmask
