// SPDX-License-Identifier: Apache-2.0
// Runs the real program and keeps what it says.
#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

struct Outcome {
    int code = -1;  // 128 + signal when the program crashed
    std::string output, errors;
};

// The arguments as one shell line, after such words as "timeout 5"; standard input is the file.
inline Outcome run_program(const std::string& arguments, const std::string& before = "",
                           const std::string& input = "/dev/null") {
    const TemporaryFolder folder;
    const std::string out = (folder / "out").string(), err = (folder / "err").string();
    const std::string line =
        before + " " + UNMASK_PROGRAM + " " + arguments + " >" + out + " 2>" + err + " <" + input;
    const int status = std::system(line.c_str());
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return {code, bytes_of(out), bytes_of(err)};
}

}  // namespace unmask
