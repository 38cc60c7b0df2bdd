// SPDX-License-Identifier: Apache-2.0
// The `unmask` program.
#include <csignal>

#include "apps/command_line.h"
#include "apps/idle_threads.h"

namespace {

[[gnu::section(".preinit_array"), gnu::used]] auto* const first = &unmask::let_idle_threads_sleep_soon;

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGXFSZ, SIG_IGN);  // writing past a limit on files is then an error like a full disk
    return unmask::run_command_line(argc, argv);
}
