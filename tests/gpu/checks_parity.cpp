// SPDX-License-Identifier: Apache-2.0
// The parity cases on a device; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "tests/gpu/checks.h"
#include "tests/parity/run_case.h"

namespace unmask {
namespace {

// In bf16 a group may be off by its share of rounding to 8 bits in every layer, measured on the emulated GPU
// and doubled: logits and loss terms by a few hundredths, gradients of deep networks in a handful of images
// by more.
double bf16_bound(const std::string& group) {
    return group.find("gradient") != std::string::npos ? 0.6 : 0.12;
}

}  // namespace

CheckResult check_parity(Device device, DType dtype, const std::filesystem::path& folder) {
    CheckResult result{.name = fmt::format("parity, {} on {}", name_of(dtype), name_of(device))};
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    if (files.empty()) fail("{}: expected parity cases (*.json), found none", folder.string());
    for (const auto& file : files) {
        ++result.cases;
        try {
            for (const parity::GroupError& group :
                 parity::compare_case(parity::read_case(file), dtype, device)) {
                const double bound = dtype == DType::bf16 ? bf16_bound(group.group) : group.bound();
                result.worst = std::max(result.worst, group.error / bound);
                if (!(group.error <= bound))
                    result.failures.push_back(
                        fmt::format("{}, {}: found a relative error of {:.2e}, expected at most {:.2e}",
                                    file.stem().string(), group.group, group.error, bound));
            }
        } catch (const std::exception& error) {
            result.failures.push_back(file.stem().string() + ": " + error.what());
        }
    }
    return result;
}

}  // namespace unmask
