// SPDX-License-Identifier: Apache-2.0
#include "tests/gpu/checks.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

namespace unmask {

void CheckResult::failed(std::string failure) {
    std::cerr << name << ": " << failure << std::endl;
    failures.push_back(std::move(failure));
}

std::string report(const CheckResult& result) {
    constexpr size_t most = 50;
    std::string text = fmt::format("{:<40} {:>5} cases  {:>4} failed  worst error/bound {:.3f}\n",
                                   result.name, result.cases, result.failures.size(), result.worst);
    for (size_t i = 0; i < result.failures.size() && i < most; ++i)
        text += "    " + result.failures[i] + "\n";
    if (result.failures.size() > most)
        text += fmt::format("    and {} more\n", result.failures.size() - most);
    for (const std::string& note : result.notes) text += "    " + note + "\n";
    return text;
}

}  // namespace unmask
