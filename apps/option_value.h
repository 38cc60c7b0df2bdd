// SPDX-License-Identifier: Apache-2.0
// What the text of an option means.
#pragma once

#include <string>

#include "engine/error.h"

namespace unmask {

// parse(text); its Error with the option's name in front.
template <class Parse>
[[nodiscard]] auto option_value(const char* option, Parse parse, const std::string& text) {
    try {
        return parse(text);
    } catch (const Error& error) {
        fail("{}: {}", option, error.what());
    }
}

}  // namespace unmask
