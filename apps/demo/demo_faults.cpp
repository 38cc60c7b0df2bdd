// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/demo_faults.h"

#include <fmt/format.h>

namespace unmask {

std::vector<std::string> demo_faults(std::optional<double> auc, const std::vector<FileScore>& results) {
    std::vector<std::string> faults;
    for (const FileScore& result : results)
        if (!result.error.empty()) faults.push_back(result.error);
    if (!auc || !(*auc >= least_demo_auc))
        faults.push_back(
            fmt::format("the demo's frame AUC on unseen people: expected at least {:.2f}, found {}",
                        least_demo_auc, auc ? fmt::format("{:.4f}", *auc) : "none"));
    return faults;
}

}  // namespace unmask
