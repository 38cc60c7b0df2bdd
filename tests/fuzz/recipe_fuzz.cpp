// SPDX-License-Identifier: Apache-2.0
// A recipe; settings that were read are written and read back alike.
#include "apps/settings/recipe.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace unmask;
    TrainOptions options;
    const std::vector<Setting> settings = train_settings(options);
    const auto file = fuzz::as_file("recipe.toml", data, size);
    fuzz::read_or_refuse([&] {
        read_recipe(file, settings);
        const std::string text = recipe_text(settings);
        const auto again =
            fuzz::as_file("again.toml", reinterpret_cast<const uint8_t*>(text.data()), text.size());
        try {
            read_recipe(again, settings);
        } catch (const Error&) {
            UNMASK_ASSERT(!"what was written is not read");
        }
        UNMASK_ASSERT(recipe_text(settings) == text);
    });
    return 0;
}
