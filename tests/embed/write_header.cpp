// SPDX-License-Identifier: Apache-2.0
// write_header FILE: what `unmask embed FILE` prints, in builds without that command.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "embed/model_header.h"

int main(int count, char** words) {
    if (count != 2) return 2;
    try {
        std::ifstream file(words[1], std::ios::binary);
        const std::string bytes((std::istreambuf_iterator<char>(file)), {});
        unmask::write_model_header(std::cout, std::as_bytes(std::span(bytes)), "unmask_model_file", "a test");
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "%s\n", problem.what());
        return 1;
    }
    return 0;
}
