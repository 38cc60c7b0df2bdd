// SPDX-License-Identifier: Apache-2.0
#include "apps/settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "engine/error.h"

namespace unmask {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int64_t most = std::numeric_limits<int64_t>::max();

std::string range_text(std::string_view noun, auto low, auto high, auto highest) {
    if (high == highest) return fmt::format("{} of at least {}", noun, low);
    return fmt::format("{} from {} to {}", noun, low, high);
}

Setting boolean(std::string section, std::string name, std::string text, bool& target) {
    Setting setting{
        std::move(section), std::move(name), std::move(text), SettingType::boolean, "true or false", {}, {}};
    setting.set = [&target](const SettingValue& value) { target = std::get<bool>(value); };
    setting.get = [&target] { return target; };
    return setting;
}

template <class Integer>
Setting integer(std::string section, std::string name, std::string text, Integer& target, int64_t low,
                int64_t high = most) {
    if constexpr (sizeof(Integer) < sizeof(int64_t))
        high = std::min<int64_t>(high, std::numeric_limits<Integer>::max());
    const bool bounded = high != most && high != int64_t(std::numeric_limits<int>::max());
    Setting setting{std::move(section),
                    std::move(name),
                    std::move(text),
                    SettingType::integer,
                    range_text("a whole number", low, bounded ? high : most, most),
                    {},
                    {}};
    setting.set = [&target, low, high, expected = setting.expected](const SettingValue& value) {
        const int64_t number = std::get<int64_t>(value);
        if (number < low || number > high) fail("expected {}, found {}", expected, number);
        target = Integer(number);
    };
    setting.get = [&target] { return int64_t(target); };
    return setting;
}

Setting custom_number(std::string section, std::string name, std::string text, double low, double high,
                      std::function<double()> get, std::function<void(double)> set) {
    Setting setting{std::move(section),
                    std::move(name),
                    std::move(text),
                    SettingType::number,
                    range_text("a number", low, high, infinity),
                    {},
                    {}};
    setting.set = [set = std::move(set), low, high, expected = setting.expected](const SettingValue& value) {
        const double number = std::get<double>(value);
        if (!(number >= low && number <= high) || !std::isfinite(number))
            fail("expected {}, found {}", expected, number);
        set(number);
    };
    setting.get = [get = std::move(get)] { return get(); };
    return setting;
}

Setting number(std::string section, std::string name, std::string text, double& target, double low,
               double high = infinity) {
    return custom_number(
        std::move(section), std::move(name), std::move(text), low, high, [&target] { return target; },
        [&target](double value) { target = value; });
}

Setting words(std::string section, std::string name, std::string text, std::string& target) {
    Setting setting{
        std::move(section), std::move(name), std::move(text), SettingType::text, "a text", {}, {}};
    setting.set = [&target](const SettingValue& value) { target = std::get<std::string>(value); };
    setting.get = [&target] { return target; };
    return setting;
}

// An enumeration, by the names of its values from 0 up.
template <class Enum>
Setting choice(std::string section, std::string name, std::string text, Enum& target,
               std::vector<std::string> names) {
    Setting setting{std::move(section),
                    std::move(name),
                    std::move(text),
                    SettingType::text,
                    fmt::format("{}", fmt::join(names, " or ")),
                    {},
                    {}};
    setting.set = [&target, names, expected = setting.expected](const SettingValue& value) {
        const auto& word = std::get<std::string>(value);
        const auto found = std::ranges::find(names, word);
        if (found == names.end()) fail("expected {}, found \"{}\"", expected, word);
        target = static_cast<Enum>(found - names.begin());
    };
    setting.get = [&target, names] { return names[size_t(target)]; };
    return setting;
}

Setting three_weights(std::string section, std::string name, std::string text,
                      std::array<double, 3>& target) {
    Setting setting{std::move(section),
                    std::move(name),
                    std::move(text),
                    SettingType::numbers,
                    "three numbers of at least 0",
                    {},
                    {}};
    setting.set = [&target, expected = setting.expected](const SettingValue& value) {
        const auto& numbers = std::get<std::vector<double>>(value);
        const bool fine = numbers.size() == 3 &&
                          std::ranges::all_of(numbers, [](double n) { return n >= 0 && std::isfinite(n); });
        if (!fine) fail("expected {}, found {}", expected, value_text(value));
        std::ranges::copy(numbers, target.begin());
    };
    setting.get = [&target] { return std::vector<double>(target.begin(), target.end()); };
    return setting;
}

// A probability for each augmentation, and its parameters: "jpeg", "jpeg_quality".
void add_augmentation_settings(std::vector<Setting>& settings, Augmentation& augmentation) {
    settings.push_back(custom_number(
        "augmentation", "strength", "how far augmentation may change a picture; 0: not at all", 0, 1,
        [&augmentation] { return augmentation.strength(); },
        [&augmentation](double value) { augmentation.set_strength(value); }));
    for (size_t i = 0; i < augmentation_table().size(); ++i) {
        const AugmentationEntry& entry = augmentation_table()[i];
        settings.push_back(custom_number(
            "augmentation", entry.name, fmt::format("probability to {}", entry.text), 0, 1,
            [&augmentation, i] { return augmentation.items()[i].probability; },
            [&augmentation, &entry](double value) { augmentation.set_probability(entry.name, value); }));
        for (size_t k = 0; k < entry.parameters.size(); ++k) {
            const AugmentationParameter& parameter = entry.parameters[k];
            settings.push_back(custom_number(
                "augmentation", fmt::format("{}_{}", entry.name, parameter.name), parameter.text,
                parameter.low, parameter.high,
                [&augmentation, i, k] { return augmentation.items()[i].parameters[k]; },
                [&augmentation, &entry, &parameter](double value) {
                    augmentation.set_parameter(entry.name, parameter.name, value);
                }));
        }
    }
}

double parse_number(std::string_view text, const std::string& expected) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size())
        fail("expected {}, found \"{}\"", expected, text);
    return number;
}

}  // namespace

std::string Setting::flag() const {
    std::string flag = (section == "augmentation" ? "--augment-" : "--") + name;
    std::ranges::replace(flag, '_', '-');
    return flag;
}

std::vector<Setting> train_settings(TrainOptions& o) {
    std::vector<Setting> settings{
        words("model", "backbone", "network of every branch", o.model.backbone),
        integer("model", "branches", "local branches", o.model.branches, 1, 8),
        number("model", "width", "multiplies every channel count of the backbone", o.model.width, 0.01, 16),
        integer("model", "size", "side of the square input in pixels", o.model.size, 32, 4096),
        number("model", "dropout", "dropout of the fusion and the global head", o.model.dropout, 0, 0.99),
        words("model", "init", "model file whose values training starts from", o.initial),
        number("model", "margin", "of the pictures: side of the crop over the side of the face's box",
               o.margin, 0.1, 10),
        integer("model", "crop_size", "of the pictures: side of the crop in pixels", o.crop_size, 8, 4096),

        number("objective", "temperature", "T of softmax(logits / T) in the information losses",
               o.objective.temperature, 1e-3, 1e3),
        choice("objective", "divergence", "between the heads' answers", o.objective.divergence,
               {"kl", "sinkhorn"}),
        choice("objective", "weighting", "of the three terms", o.objective.weighting, {"automatic", "fixed"}),
        three_weights("objective", "weights", "of the terms, for fixed weighting", o.objective.weights),
        boolean("objective", "global_information", "use the global information loss",
                o.objective.global_information),
        boolean("objective", "local_information", "use the local information loss",
                o.objective.local_information),

        integer("optimization", "epochs", "passes over the training pictures", o.epochs, 1),
        integer("optimization", "batch", "pictures a step", o.batch, 2),
        choice("optimization", "optimizer", "what takes the steps", o.optimizer, {"adam", "sgd"}),
        number("optimization", "lr", "highest learning rate", o.schedule.learning_rate, 0),
        number("optimization", "final_lr", "lowest learning rate", o.schedule.final_rate, 0),
        integer("optimization", "warmup", "steps that climb to the highest learning rate", o.schedule.warmup,
                0),
        integer("optimization", "cosine_period", "steps of half a cosine; 0: all steps", o.schedule.period,
                0),
        number("optimization", "weight_decay", "L2, added to the gradient", o.weight_decay, 0),
        number("optimization", "momentum", "of sgd", o.momentum, 0, 0.9999),
        number("optimization", "clip", "largest norm of the whole gradient; 0: as it is", o.clip, 0),
        number("optimization", "mixup", "alpha of Beta(alpha, alpha), one share a batch; 0: off", o.mixup, 0,
               2),
        integer("optimization", "seed", "everything random follows from it", o.seed, 0),

        boolean("data", "balanced", "repeat pictures of the rarer class until both are shown equally often",
                o.balanced),
        integer("data", "oversample_real", "how often an epoch shows each real picture", o.oversample_real, 1,
                1000),
        integer("data", "workers", "threads that load pictures; 0: as many as compute", o.workers, 0, 1024),
        integer("data", "cache", "keep the decoded pictures in memory when they fit, in MiB",
                o.cache_mebibytes, 0, int64_t{1} << 30),
    };
    add_augmentation_settings(settings, o.augmentation);
    return settings;
}

void set_from_text(const Setting& setting, std::string_view text) {
    try {
        switch (setting.type) {
            case SettingType::boolean:
                if (text != "true" && text != "false") fail("expected true or false, found \"{}\"", text);
                return setting.set(text == "true");
            case SettingType::integer: {
                int64_t number = 0;
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
                if (error != std::errc{} || end != text.data() + text.size())
                    fail("expected {}, found \"{}\"", setting.expected, text);
                return setting.set(number);
            }
            case SettingType::number:
                return setting.set(parse_number(text, setting.expected));
            case SettingType::text:
                return setting.set(std::string(text));
            case SettingType::numbers: {
                std::vector<double> numbers;
                for (size_t begin = 0; begin <= text.size();) {
                    const size_t comma = std::min(text.find(',', begin), text.size());
                    numbers.push_back(parse_number(text.substr(begin, comma - begin), setting.expected));
                    begin = comma + 1;
                }
                return setting.set(numbers);
            }
        }
    } catch (const Error& error) {
        fail("{}: {}", setting.flag(), error.what());
    }
}

std::string value_text(const SettingValue& value) {
    return std::visit(
        [](const auto& held) -> std::string {
            using Held = std::decay_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, std::vector<double>>)
                return fmt::format("{}", fmt::join(held, ","));
            else
                return fmt::format("{}", held);
        },
        value);
}

}  // namespace unmask
