// SPDX-License-Identifier: Apache-2.0
#include "bench/program/machine_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

namespace unmask {
namespace {

constexpr const char* told_flags[] = {"avx2",     "fma",         "avx_vnni",    "avx512f",     "avx512bw",
                                      "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
                                      "amx_int8", "amx_bf16",    "asimd",       "asimddp",     "sve",
                                      "i8mm",     "bf16"};

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

// The fields of the first processor.
std::map<std::string, std::string> first_fields(std::string_view cpuinfo) {
    std::map<std::string, std::string> fields;
    std::istringstream stream{std::string(cpuinfo)};
    for (std::string line; std::getline(stream, line) && !line.empty();)
        if (const size_t colon = line.find(':'); colon != std::string::npos)
            fields[trimmed(std::string_view(line).substr(0, colon))] =
                trimmed(std::string_view(line).substr(colon + 1));
    return fields;
}

}  // namespace

std::string machine_text(std::string_view cpuinfo, int cores) {
    std::map<std::string, std::string> fields = first_fields(cpuinfo);
    std::vector<std::string> parts;
    if (!fields["model name"].empty()) parts.push_back(fields["model name"]);
    if (!fields["cpu family"].empty()) parts.push_back("family " + fields["cpu family"]);
    if (!fields["model"].empty()) parts.push_back("model " + fields["model"]);
    parts.push_back(fmt::format("{} core{}", cores, cores == 1 ? "" : "s"));
    std::istringstream words(fields["flags"].empty() ? fields["Features"] : fields["flags"]);
    const std::set<std::string> flags{std::istream_iterator<std::string>(words), {}};
    std::vector<std::string> told;
    for (const char* flag : told_flags)
        if (flags.contains(flag)) told.emplace_back(flag);
    if (!told.empty()) parts.push_back(fmt::format("{}", fmt::join(told, " ")));
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string machine_text() {
    std::ifstream file("/proc/cpuinfo");
    const std::string cpuinfo{std::istreambuf_iterator<char>(file), {}};
    return machine_text(cpuinfo, int(std::thread::hardware_concurrency()));
}

}  // namespace unmask
