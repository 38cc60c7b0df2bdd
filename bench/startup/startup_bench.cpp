// SPDX-License-Identifier: Apache-2.0
// From the start of the program to the first score: `unmask detect` on one picture with the small model of
// bench/peers/alternate.py, as a process of its own each time. Its environment is this program's: idle
// threads are left to what `unmask` does by itself, since that is a part of its start.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "bench/program/program.h"
#include "data/picture.h"
#include "engine/error.h"
#include "models/checkpoint.h"

extern char** environ;

namespace unmask {
namespace {

namespace fs = std::filesystem;

// A model and a picture in a folder that goes with it.
class Inputs {
  public:
    Inputs() : folder_(fs::temp_directory_path() / fmt::format("unmask-startup-{}", ::getpid())) {
        fs::create_directories(folder_);
        Detector detector({.backbone = "mobilenet_v1", .branches = 2, .width = 0.25, .size = 128});
        detector.initialize(0);
        save_detector(model(), detector);
        Image image(256, 256);
        for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 31);
        write_png(picture(), image);
    }
    Inputs(const Inputs&) = delete;
    Inputs& operator=(const Inputs&) = delete;
    ~Inputs() {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    [[nodiscard]] std::string model() const { return folder_ / "model.safetensors"; }
    [[nodiscard]] std::string picture() const { return folder_ / "face.png"; }

  private:
    fs::path folder_;
};

// Runs a program with its output thrown away; Error unless it exits with 0.
void run_program(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    const int problem = posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) fail("{}: expected a program that starts, found error {}", words[0], problem);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status != 0) fail("{}: expected exit code 0, found status {}", words[0], status);
}

std::string program() {
    return fs::read_symlink("/proc/self/exe").parent_path() / "unmask";
}

void help(benchmark::State& state) {
    for (auto _ : state) run_program({program(), "--version"});
}

void first_score(benchmark::State& state) {
    const Inputs inputs;
    for (auto _ : state)
        run_program({program(), "detect", inputs.picture(), "--model", inputs.model(), "--faces", "whole"});
}

BENCHMARK(help)->Name("startup/version")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(first_score)->Name("startup/first_score")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace unmask

int main(int argc, char** argv) {
    return unmask::run_benchmark_program(argc, argv, [] {});
}
