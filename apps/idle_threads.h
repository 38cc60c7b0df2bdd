// SPDX-License-Identifier: Apache-2.0
// How long OpenMP's idle threads look for work before they sleep, in every program that computes.
#pragma once

namespace unmask {

// Call it first thing in main, with its arguments: starts the program once more with the environment that
// makes idle threads sleep soon. Does nothing where OMP_WAIT_POLICY or GOMP_SPINCOUNT says how long.
void let_idle_threads_sleep_soon(char** arguments);

}  // namespace unmask
