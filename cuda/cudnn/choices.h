// SPDX-License-Identifier: Apache-2.0
// What was found to be the fastest: which engine for which convolution, and which schedule of the branches
// for which work. A run keeps their text, so that a resumed one computes the same bytes. Needs neither cuDNN
// nor a GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace unmask::cudnn {

// What names a plan among all plans of one graph, for one cuDNN version and GPU; or what takes its place.
struct Choice {
    static constexpr int64_t unfused = -1;           // no plan: the convolution, and then its epilogue
    static constexpr int64_t split_k = -2;           // no plan: that kernel of ours; its knob 0: slices
    int64_t engine = unfused;                        // else the global index of cuDNN's engine
    std::vector<std::pair<int64_t, int64_t>> knobs;  // type, value
    bool operator==(const Choice&) const = default;
};

struct TimedChoice {
    Choice choice;
    double microseconds = 0;  // 0: not timed
    bool operator==(const TimedChoice&) const = default;
};

// Choices by the problem's name. May be used by several threads.
class Choices {
  public:
    // What the choices are good for.
    struct Origin {
        size_t cudnn = 0;    // its version
        std::string device;  // the GPU's name
    };
    static constexpr size_t capacity = 8192;

    explicit Choices(Origin origin) : origin_(std::move(origin)) {}

    [[nodiscard]] std::optional<TimedChoice> find(const std::string& problem) const;
    // Forgotten when there are `capacity` others.
    void store(const std::string& problem, const TimedChoice& choice);

    // The same for choices by name (Context::chosen): empty where there is none.
    [[nodiscard]] std::string find_name(const std::string& problem) const;
    void store_name(const std::string& problem, const std::string& name);

    // {"cudnn": 91900, "device": "NVIDIA H200", "conv2d": {problem: {"engine": 3, "knobs": [[type, value]],
    // "microseconds": 12.5}}, "named": {problem: name}}; empty when there are none.
    [[nodiscard]] std::string json() const;
    // Adds those of such a text. Those of another cuDNN version or GPU are left out, and the text returned
    // says so (else it is empty). Error, and nothing is added, when the text is not such choices.
    [[nodiscard]] std::string add(const std::string& json);

  private:
    Origin origin_;
    mutable std::mutex mutex_;
    std::map<std::string, TimedChoice> choices_;
    std::map<std::string, std::string> names_;
};

}  // namespace unmask::cudnn
