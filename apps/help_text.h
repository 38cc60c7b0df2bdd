// SPDX-License-Identifier: Apache-2.0
// How --help shows an option: the values that it takes, then the one that it has if nothing is given.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace unmask {

// "--frames 0..1000 [32]", "--faces dlib|whole [dlib]", "--out DIR REQUIRED", "--recompute [=N]"; CLI11's own
// would say "--frames INT:INT in [0 - 1000]=32" and "--recompute{all} [=N]", and lose defaults and REQUIRED
// beside a text such as DIR.
class HelpText : public CLI::Formatter {
  public:
    std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
    std::string make_option_opts(const CLI::Option* option) const override;
};

// Of CLI11's name of a type and its checks, such as "INT:INT in [0 - 9]": "0..9".
[[nodiscard]] std::string values_text(const std::string& type_name);

}  // namespace unmask
