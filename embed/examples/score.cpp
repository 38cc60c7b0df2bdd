// SPDX-License-Identifier: Apache-2.0
// score MODEL WIDTH HEIGHT PICTURE.rgb …: the scores of face crops of one size, given as plain RGB bytes,
// each on a thread of its own.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <unmask.hpp>
#include <vector>

namespace {

std::vector<unsigned char> read_pixels(const std::string& path, std::size_t bytes) {
    std::ifstream file(path, std::ios::binary);
    std::vector<unsigned char> pixels((std::istreambuf_iterator<char>(file)), {});
    if (pixels.size() < bytes) throw std::runtime_error(path + ": cannot be read, or is too short");
    return pixels;
}

}  // namespace

int main(int count, char** words) try {
    if (count < 5) {
        std::fputs("usage: score MODEL WIDTH HEIGHT PICTURE.rgb...\n", stderr);
        return 2;
    }
    const unmask::Model model = unmask::Model::open(words[1]);
    const int width = std::stoi(words[2]), height = std::stoi(words[3]);
    if (width < 1 || height < 1) throw std::runtime_error("expected a positive size");

    const std::vector<std::string> files(words + 4, words + count);
    std::vector<std::string> answers(files.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < files.size(); ++i)
        threads.emplace_back([&, i] {
            try {
                const auto pixels = read_pixels(files[i], std::size_t(width) * std::size_t(height) * 3);
                unmask::Session session(model);
                answers[i] = std::to_string(session.score_crop({pixels.data(), width, height, 0}));
            } catch (const std::exception& problem) {
                answers[i] = problem.what();
            }
        });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& answer : answers) std::puts(answer.c_str());
    return 0;
} catch (const std::exception& problem) {
    std::fprintf(stderr, "%s\n", problem.what());
    return 1;
}
