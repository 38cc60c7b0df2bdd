// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/robustness.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "apps/batch_scorer.h"
#include "apps/evaluation/corruptions.h"
#include "apps/progress.h"
#include "cpu/parallel.h"
#include "engine/error.h"
#include "models/scoring.h"

namespace unmask {
namespace {

struct Variant {
    const Corruption* corruption = nullptr;  // none: as it is
    double strength = 0;
};

std::vector<Variant> variants_of_table() {
    std::vector<Variant> variants{{}};
    for (const Corruption& corruption : corruption_table())
        for (const double strength : corruption.strengths) variants.push_back({&corruption, strength});
    return variants;
}

// scores[variant][picture]. Every picture is decoded once.
std::vector<std::vector<double>> score_variants(Detector& detector, const FaceDataset& dataset,
                                                const std::vector<Variant>& variants,
                                                const EvaluateOptions& options,
                                                const Normalisation& normalisation) {
    std::vector<std::vector<double>> scores(variants.size());
    Progress progress("robustness", int64_t(dataset.size() * variants.size()), "images");
    BatchScorer scorer(detector, options.compute);
    const auto count = int64_t(dataset.size());
    const int64_t side = dataset.options().size;
    int64_t done = 0;
    for (int64_t first = 0; first < count; first += options.batch) {
        const int64_t pictures = std::min<int64_t>(options.batch, count - first);
        std::vector<std::shared_ptr<const Image>> originals(size_t(pictures), nullptr);
        parallel_for(pictures, 1,
                     [&](int64_t i, int64_t) { originals[size_t(i)] = dataset.image(size_t(first + i)); });
        for (size_t v = 0; v < variants.size(); ++v) {
            const Variant& variant = variants[v];
            Tensor images = Tensor::empty({pictures, side, side, 3});
            auto* const values = images.data<float>();
            parallel_for(pictures, 1, [&](int64_t i, int64_t) {
                float* const output = values + i * side * side * 3;
                const Image& original = *originals[size_t(i)];
                if (variant.corruption == nullptr) return normalise(original, normalisation, output);
                Image changed = original;
                variant.corruption->change(changed, variant.strength, options.bootstrap.seed,
                                           uint64_t(first + i));
                normalise(changed, normalisation, output);
            });
            for (const double score : scorer.score(images)) {
                if (!std::isfinite(score))
                    fail("{}: the model's answer is not a number", dataset.file(scores[v].size()).string());
                scores[v].push_back(score);
            }
            progress.update(done += pictures);
        }
    }
    return scores;
}

using Column = std::optional<double> BinaryMetrics::*;

// A table of one figure: a line for each corruption, a column for each strength.
std::string table_of(const std::vector<const DatasetEvaluation*>& evaluations, const char* title,
                     BinaryMetrics EvaluationScores::*level, Column figure) {
    const auto cell = [&](const DatasetEvaluation& one) {
        const std::optional<double>& value = one.evaluation.all.*level.*figure;
        return value ? fmt::format("{:>9.4f}", *value) : fmt::format("{:>9}", "n/a");
    };
    std::string text = fmt::format("{:<14}{:>9}", title, "as it is");
    for (int strength = 1; strength <= 5; ++strength) text += fmt::format("{:>9}", strength);
    for (const Corruption& corruption : corruption_table()) {
        text += fmt::format("\n{:<14}{}", corruption.name, cell(*evaluations.front()));
        for (const DatasetEvaluation* one : evaluations)
            if (one->protocol.corruption == corruption.name) text += cell(*one);
    }
    return text + "\n\n";
}

}  // namespace

std::vector<DatasetEvaluation> evaluate_robustness(const EvaluateOptions& options) {
    const LoadedDetector model = load_for_evaluation(options);
    Detector& detector = *model.detector;
    const int size = detector.options().size;
    std::vector<Manifest> manifests;
    for (const std::filesystem::path& data : options.data)
        manifests.push_back(rows_to_measure(data, options.split, options.forge));
    detector.set_training(false);
    prepare_scoring(detector);
    const Preprocessing& preprocessing = model.info.preprocessing;
    const std::vector<Variant> variants = variants_of_table();
    std::vector<DatasetEvaluation> results;
    for (size_t i = 0; i < manifests.size(); ++i) {
        const auto pictures = dataset_to_measure(options, std::move(manifests[i]), size);
        const FaceDataset& dataset = *pictures;
        Protocol protocol = protocol_of(options, options.data[i], dataset);
        const auto scores = score_variants(detector, dataset, variants, options,
                                           {preprocessing.mean, preprocessing.deviation});
        for (size_t v = 0; v < variants.size(); ++v) {
            if (variants[v].corruption != nullptr) protocol.corruption = variants[v].corruption->name;
            protocol.strength = variants[v].strength;
            DatasetEvaluation& result = results.emplace_back();
            result.protocol = protocol;
            result.evaluation.all =
                evaluate_together(dataset.rows(), scores[v], options.threshold, options.bootstrap);
            result.rows = dataset.rows();
            result.scores = scores[v];
            measure_calibration(result, model.info.calibration);
        }
    }
    return results;
}

std::string robustness_text(const std::vector<DatasetEvaluation>& evaluations) {
    std::string text = method_line(evaluations.front().protocol) + "\n";
    for (const Corruption& corruption : corruption_table())
        text += fmt::format("{}, {}: {}\n", corruption.name, corruption.unit,
                            fmt::join(corruption.strengths, ", "));
    for (size_t begin = 0; begin < evaluations.size();) {
        std::vector<const DatasetEvaluation*> same;
        const std::string& data = evaluations[begin].protocol.data;
        do {
            same.push_back(&evaluations[begin++]);
        } while (begin < evaluations.size() && evaluations[begin].protocol.data == data &&
                 evaluations[begin].protocol.corruption != "none");
        text += fmt::format("\n{}\n\n", protocol_line(same.front()->protocol));
        text += table_of(same, "frame AUC", &EvaluationScores::frame, &BinaryMetrics::auc);
        text += table_of(same, "video AUC", &EvaluationScores::video, &BinaryMetrics::auc);
        text += table_of(same, "frame ACC", &EvaluationScores::frame, &BinaryMetrics::accuracy);
        text += table_of(same, "video ACC", &EvaluationScores::video, &BinaryMetrics::accuracy);
    }
    text.pop_back();
    return text;
}

}  // namespace unmask
