// SPDX-License-Identifier: Apache-2.0
// The parity cases on a device; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/error.h"
#include "tests/gpu/checks.h"
#include "tests/parity/run_case.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask {
namespace {

// In bf16 every operand and activation is rounded to 8 bits. On running statistics logits stay near. In
// training the cases' batches of a few small images make batch norm enlarge roundings in deep networks, and
// after Adam's first updates, as long for a tiny gradient as for a large one, logits differ more. The bounds
// are about twice the worst that the emulated GPU shows over all cases. A gradient's first element alone
// means nothing then: it is not compared. What they let pass forward is caught by check_rounding.
// In tf32 the operands of products are rounded to 11 bits, and nothing else.
std::optional<double> bf16_bound(const std::string& group) {
    if (group.ends_with("gradient_first")) return {};
    if (group.starts_with("eval_before")) return 0.01;
    if (group == "sigma_after") return 1e-3;
    if (group.ends_with("terms")) return 0.2;
    if (group.ends_with("heads")) return 0.5;
    if (group.ends_with("gradient_norms")) return 0.75;
    if (group == "eval_after") return 0.65;
    return 1e-5;  // losses alone are computed in float32
}

constexpr double tf32_share = 0.5;  // of the bound in bf16

}  // namespace

CheckResult check_parity(Device device, Precision precision, const std::filesystem::path& folder,
                         const std::string& filter) {
    const ComputeModeScope mode({.tf32 = precision == Precision::tf32});
    CheckResult result{.name = fmt::format("parity, {} on {}", name_of(precision), name_of(device))};
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
                 parity::compare_case(parity::read_case(file), image_dtype(precision), device)) {
                std::optional<double> stated = group.bound();
                if (precision != Precision::f32) stated = bf16_bound(group.group);
                if (!stated) continue;
                const double share = precision == Precision::tf32 && *stated > 1e-5 ? tf32_share : 1.0;
                const double bound = *stated * share;
                result.worst = std::max(result.worst, group.error / bound);
                if (!(group.error <= bound))
                    result.failed(
                        fmt::format("{}, {}: found a relative error of {:.2e}, expected at most {:.2e}",
                                    file.stem().string(), group.group, group.error, bound));
            }
        } catch (const std::exception& error) {
            result.failed(file.stem().string() + ": " + error.what());
        }
    }
    return result;
}

}  // namespace unmask
