// SPDX-License-Identifier: Apache-2.0
// How long OpenMP's idle threads look for work before they sleep, in every program that computes.
#pragma once

namespace unmask {

// Starts the program once more with the environment that makes idle threads sleep soon; does nothing where
// OMP_WAIT_POLICY or GOMP_SPINCOUNT says how long. It is for a program's .preinit_array, whose functions glibc
// runs before the initialisers of all libraries:
//     [[gnu::section(".preinit_array"), gnu::used]] auto* const first = &unmask::let_idle_threads_sleep_soon;
// There nothing of the C++ library may be used yet.
void let_idle_threads_sleep_soon(int count, char** arguments, char** environment);

}  // namespace unmask
