// SPDX-License-Identifier: Apache-2.0
// The `unmask` program.
#include "apps/command_line.h"

int main(int argc, char** argv) {
    return unmask::run_command_line(argc, argv);
}
