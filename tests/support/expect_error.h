// SPDX-License-Identifier: Apache-2.0
// Expects the call to throw unmask::Error with a one-line message that holds every one of the texts.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/error.h"

namespace unmask {

template <class Call>
void expect_error(Call&& call, const std::vector<std::string>& texts) {
    try {
        call();
        ADD_FAILURE() << "expected an error, found none";
    } catch (const Error& error) {
        const std::string message = error.what();
        EXPECT_EQ(message.find('\n'), std::string::npos) << message;
        for (const std::string& text : texts)
            EXPECT_NE(message.find(text), std::string::npos) << "expected '" << text << "' in: " << message;
    }
}

}  // namespace unmask
