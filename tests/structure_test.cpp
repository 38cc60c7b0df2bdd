// SPDX-License-Identifier: Apache-2.0
// Reads every include of the project's own headers and fails on one that goes up: apps, then data and models,
// then losses and layers, then engine; cpu/ and cuda/ sit beside the engine and see its tensor and ops, never
// autograd.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Include {
    std::string file, header;
};

std::vector<Include> own_includes(const fs::path& folder) {
    static const std::regex pattern(R"re(^\s*#\s*include\s*"([^"]+)")re");
    std::vector<Include> result;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string extension = entry.path().extension();
        if (extension != ".h" && extension != ".cpp" && extension != ".cu" && extension != ".cuh") continue;
        std::ifstream stream(entry.path());
        std::smatch match;
        for (std::string line; std::getline(stream, line);)
            if (std::regex_search(line, match, pattern)) result.push_back({entry.path().string(), match[1]});
    }
    return result;
}

std::string folder_of(const std::string& path) {
    return path.substr(0, path.find('/'));
}

TEST(Structure, NoIncludeGoesUp) {
    const std::map<std::string, std::set<std::string>> allowed{
        {"engine", {"engine"}},
        {"cpu", {"cpu", "engine"}},
        {"cuda", {"cuda", "engine"}},
        {"layers", {"layers", "engine"}},
        {"losses", {"losses", "layers", "engine"}},
        {"models", {"models", "losses", "layers", "engine"}},
        {"data", {"data", "engine", "cpu"}},
        {"embed", {"embed", "data", "models", "losses", "layers", "engine", "cpu"}},
        {"apps", {"apps", "embed", "data", "models", "losses", "layers", "engine", "cpu"}},
    };
    for (const auto& [folder, targets] : allowed) {
        if (!fs::exists(folder)) continue;
        for (const Include& include : own_includes(folder)) {
            if (include.file.starts_with("embed/examples/") || include.file == "embed/unmask.hpp") continue;
            ASSERT_NE(include.header.find('/'), std::string::npos)
                << include.file << ": \"" << include.header << "\" is not named from the project's root";
            EXPECT_TRUE(targets.contains(folder_of(include.header)))
                << include.file << " includes " << include.header;
        }
    }
}

TEST(Structure, BackendsSeeNoGraph) {
    const std::set<std::string> visible{
        "engine/tensor.h",        "engine/kernel.h",        "engine/context.h",
        "engine/error.h",         "engine/philox.h",        "engine/optimizer.h",
        "engine/dtype.h",         "engine/shape.h",         "engine/device.h",
        "engine/lru_cache.h",     "engine/caching_pool.h",  "engine/range.h",
        "engine/compute_mode.h",  "engine/atomic_file.h",   "engine/process_group.h",
        "engine/communicator.h",  "engine/libraries.h",     "engine/kernel_observer.h",
        "engine/upload.h",        "engine/rank_patience.h", "engine/lanes.h",
        "engine/inference_only.h"};
    for (const char* folder : {"cpu", "cuda"}) {
        if (!fs::exists(folder)) continue;
        for (const Include& include : own_includes(folder)) {
            if (folder_of(include.header) != "engine" || include.header.starts_with("engine/ops/")) continue;
            EXPECT_TRUE(visible.contains(include.header)) << include.file << " includes " << include.header;
        }
    }
}

// What a GPU allows and the emulation of the kernels, determinism or the pools do not: a pattern, and the
// only files of cuda/ where it may stand.
TEST(Structure, KernelsKeepToTheirVocabulary) {
    struct Rule {
        std::regex pattern;
        std::set<std::string> files;
    };
    const std::string header = "cuda/device.cuh", tensor_cores = "cuda/tensor_cores.cuh";
    const std::vector<Rule> rules{
        {std::regex("<<<|__shared__"), {header}},  // UNMASK_LAUNCH, UNMASK_SHARED
        // load_pack, store_pack, whose alignment the emulation checks
        {std::regex(R"(\b(u?(char|short|int|long|longlong)|float|double)[1-4]\b(?!_t))"), {}},
        {std::regex(R"(reinterpret_cast<(const )?\w*(Pack|Sums)\b|alignas\()"), {header, tensor_cores}},
        {std::regex("\\b(wmma|cooperative_groups|__pipeline\\w*)\\b"), {tensor_cores}},  // else plain SIMT
        // Single instructions, beside what stands in for them.
        {std::regex("\\basm\\b"), {header, tensor_cores}},
        {std::regex("\\bcuda(Malloc|MallocManaged|Free)(Async)?\\("), {"cuda/allocation.cpp"}},
        {std::regex("\\bcuda(MallocHost|FreeHost|HostAlloc)\\("), {"cuda/staging.cpp"}},
        {std::regex("\\bcudaDeviceSynchronize\\("), {}},
        // Only counters: sums of floating-point numbers would depend on the order of blocks.
        {std::regex("\\batomic[A-Z]\\w*\\((?!.*, 1u\\))"), {"cuda/arrival.cuh"}},
    };
    for (const auto& entry : fs::recursive_directory_iterator("cuda")) {
        if (!entry.is_regular_file()) continue;
        std::ifstream stream(entry.path());
        int number = 0;
        for (std::string line; std::getline(stream, line);) {
            ++number;
            line = line.substr(0, line.find("//"));
            for (const Rule& rule : rules)
                if (!rule.files.contains(entry.path().string())) {
                    EXPECT_FALSE(std::regex_search(line, rule.pattern))
                        << entry.path() << ":" << number << ": " << line;
                }
        }
    }
}

// The slots that the op headers declare.
std::set<std::string> declared_slots() {
    const std::regex declaration(R"re((\w+)\{\s*"\1"[,}]|^\s*"(\w+)"\};)re");
    std::set<std::string> slots;
    std::vector<fs::path> headers{"engine/optimizer.h"};
    for (const auto& entry : fs::directory_iterator("engine/ops"))
        if (entry.path().extension() == ".h") headers.push_back(entry.path());
    for (const fs::path& header : headers) {
        std::ifstream stream(header);
        std::smatch match;
        for (std::string line; std::getline(stream, line);)
            if (std::regex_search(line, match, declaration))
                slots.insert(match[1].matched ? match[1] : match[2]);
    }
    EXPECT_GE(slots.size(), 40u);
    return slots;
}

// Else a profile could not say what a call has to do.
TEST(Structure, TheWorkOfEverySlotIsKnown) {
    std::ifstream stream("engine/ops/kernel_work.cpp");
    std::stringstream text;
    text << stream.rdbuf();
    std::string table = text.str();
    table = table.substr(table.find("visit_call_of_one(\n"));
    table = table.substr(0, table.find(");"));
    for (const std::string& slot : declared_slots())
        EXPECT_TRUE(std::regex_search(table, std::regex("\\b" + slot + "\\b"))) << slot;
}

// Every slot that an op header declares has an entry in both backends, in files of one stem.
TEST(Structure, EverySlotIsFilledForCpuAndGpu) {
    const std::set<std::string> slots = declared_slots();
    const std::regex filled(R"(\b(\w+),\s*Backend::(portable|cuda))");
    std::map<std::string, std::string> cpu_stems;
    for (const std::string folder : {"cpu", "cuda"}) {
        std::set<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            if (!entry.is_regular_file()) continue;
            std::ifstream stream(entry.path());
            std::stringstream text;
            text << stream.rdbuf();
            const std::string content = text.str();
            for (auto it = std::sregex_iterator(content.begin(), content.end(), filled);
                 it != std::sregex_iterator(); ++it)
                if (((*it)[2] == "cuda") == (folder == "cuda")) {
                    found.insert((*it)[1]);
                    // A gradient's kernel may stand in a file of its own.
                    const std::string file = entry.path().stem();
                    const std::string stem = file.substr(0, file.rfind("_backward"));
                    if (folder == "cpu")
                        cpu_stems[(*it)[1]] = stem;
                    else
                        EXPECT_EQ(stem, cpu_stems[(*it)[1]]) << (*it)[1] << " in " << entry.path();
                }
        }
        for (const std::string& slot : slots)
            EXPECT_TRUE(found.contains(slot)) << slot << " has no entry in " << folder << "/";
    }
}

// What begins a comment in such a file; empty where it has no comments, or is not ours to license.
std::string comment_of(const fs::path& path) {
    static const std::set<std::string> slashes{".h", ".hpp", ".cpp", ".cu", ".cuh", ".mjs"};
    static const std::set<std::string> hashes{".py", ".sh", ".cmake", ".toml"};
    static const std::set<std::string> names{"CMakeLists.txt", "Makefile"};
    const std::string extension = path.extension();
    if (slashes.contains(extension)) return "//";
    if (extension == ".c") return "/*";
    const bool ci = path.parent_path() == ".ci";
    return hashes.contains(extension) || names.contains(path.filename()) || ci ? "#" : "";
}

TEST(Structure, EveryFileSaysItsLicence) {
    std::vector<fs::path> files{"CMakeLists.txt", "Makefile"};
    for (const char* folder : {".ci", "cmake", "recipes", "engine", "cpu", "cuda", "layers", "losses",
                               "models", "data", "embed", "apps", "tests", "bench"}) {
        if (!fs::exists(folder)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.is_regular_file()) files.push_back(entry.path());
    }
    for (const fs::path& path : files) {
        const std::string comment = comment_of(path);
        if (comment.empty()) continue;
        std::ifstream stream(path);
        std::string line;
        std::getline(stream, line);
        if (line.starts_with("#!")) std::getline(stream, line);
        EXPECT_TRUE(line.starts_with(comment + " SPDX-License-Identifier: Apache-2.0"))
            << path << ": " << line;
    }
}

}  // namespace
