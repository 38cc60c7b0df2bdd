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

// In bf16 every operand and activation is rounded to 8 bits. Before the first update logits, terms and the gradients'
// norms stay near; single elements of gradients do not, and after Adam's first updates, as long for a tiny gradient as
// for a large one, logits neither. The bounds are about twice what the emulated GPU shows for the cases.
double bf16_bound(const std::string& group) {
    if (group.ends_with("gradient_first")) return 2.0;
    if (group == "eval_after" || group == "train/2/terms") return 0.6;
    return 0.25;
}

}  // namespace

CheckResult check_parity(Device device, DType dtype, const std::filesystem::path& folder,
                         const std::string& filter) {
    CheckResult result{.name = fmt::format("parity, {} on {}", name_of(dtype), name_of(device))};
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".json" &&
            entry.path().filename().string().find(filter) != std::string::npos)
            files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    if (files.empty()) fail("{}: expected parity cases (*{}*.json), found none", folder.string(), filter);
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
