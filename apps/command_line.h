// SPDX-License-Identifier: Apache-2.0
// The program's command line: global options, subcommands, and what becomes of errors.
#pragma once

namespace unmask {

inline constexpr int exit_done = 0;
inline constexpr int exit_some_failed = 1;  // some of the inputs; each was named
inline constexpr int exit_error = 2;        // wrong usage, model or data
// 128 + signal: interrupted

// The program's exit code. Nothing is thrown; every error is one line on stderr.
[[nodiscard]] int run_command_line(int argc, const char* const* argv);

}  // namespace unmask
