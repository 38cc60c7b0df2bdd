// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/demo_faces.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "apps/output_files.h"
#include "apps/progress.h"
#include "cpu/parallel.h"
#include "data/manifest.h"
#include "data/picture.h"
#include "data/synthetic/forgery.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// Of the stored JPEGs; genuine and forged ones are drawn from the same range.
constexpr int lowest_quality = 80, highest_quality = 95;

// Of the flaws that a forgery leaves: clear enough to be learned in a minute, not to be seen at a glance.
constexpr float forgery_strength = 0.8f;

// What is drawn of a person; everything follows from (seed, number).
struct Person {
    FaceIdentity identity, source;
    FaceView genuine_view, forged_view;
    ForgeryOptions forgery;
};

uint64_t draw_seed(PhiloxSequence& random) {
    const uint64_t high = random.bits();
    return (high << 32) | random.bits();
}

Person make_person(uint64_t seed, uint64_t number) {
    PhiloxSequence random(seed, "demo.people", number);
    Person person;
    person.identity = make_identity(draw_seed(random));
    person.source = make_identity(draw_seed(random));
    person.genuine_view = make_view(draw_seed(random));
    person.forged_view = make_view(draw_seed(random));
    person.forgery = {.seed = draw_seed(random), .strength = forgery_strength};
    return person;
}

struct Picture {
    Image image;
    Box face;
    std::vector<float> replaced{};  // of a forged one, ForgedFace::mask
};

Image grey_picture(const std::vector<float>& shares, int size) {
    Image image(size, size);
    for (size_t i = 0; i < shares.size(); ++i)
        std::fill_n(&image.pixels[3 * i], 3, uint8_t(std::lround(255 * shares[i])));
    return image;
}

Picture draw(const Person& person, bool forged, double seconds, int size) {
    if (!forged) {
        DrawnFace drawn = draw_face(person.identity, animate(person.genuine_view, seconds), size);
        return {std::move(drawn.image), drawn.face};
    }
    const FaceView view = animate(person.forged_view, seconds);
    ForgedFace drawn = forge_face(person.identity, view, person.source, size, person.forgery);
    return {std::move(drawn.image), drawn.face, std::move(drawn.mask)};
}

std::string crop_name(bool forged, int64_t person, int64_t frame) {
    return fmt::format("{}-{:04}-{}.jpg", forged ? "swap" : "original", person, frame);
}

// Whether a file may be one that crop_name names.
bool is_crop_name(const std::string& name) {
    return (name.starts_with("original-") || name.starts_with("swap-")) && name.ends_with(".jpg");
}

void remove_crops(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> crops;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file() && is_crop_name(entry.path().filename().string()))
            crops.push_back(entry.path());
    for (const std::filesystem::path& crop : crops) std::filesystem::remove(crop);
}

}  // namespace

void DemoFacesOptions::set_people(int train) {
    train_people = train;
    val_people = std::max(1, train / 10);
    test_people = std::max(1, train / 5);
}

std::filesystem::path draw_demo_faces(const std::filesystem::path& folder, const DemoFacesOptions& options) {
    make_folder(folder / "crops");
    remove_crops(folder / "crops");
    const int64_t people = options.train_people + options.val_people + options.test_people;
    const int64_t per_person = 2 * int64_t(options.frames);
    Manifest manifest{.directory = folder, .rows = std::vector<ManifestRow>(size_t(people * per_person))};
    Progress progress("draw faces", people * per_person, "pictures");
    std::mutex mutex;
    int64_t done = 0;
    parallel_for(people, 1, [&](int64_t begin, int64_t end) {
        for (int64_t number = begin; number < end; ++number) {
            const Person person = make_person(options.seed, uint64_t(number));
            const bool training = number < options.train_people;
            const char* split = training                                             ? "train"
                                : number < options.train_people + options.val_people ? "val"
                                                                                     : "test";
            PhiloxSequence random(options.seed, "demo.pictures", uint64_t(number));
            for (int64_t i = 0; i < per_person; ++i) {
                const bool forged = i >= options.frames;
                const int64_t frame = i % options.frames;
                const Picture picture = draw(person, forged, double(frame), options.picture_size);
                // A detector never boxes a face quite the same way twice.
                Box box = picture.face;
                box.x += int(random.uniform(-0.04, 0.04) * box.width);
                box.y += int(random.uniform(-0.04, 0.04) * box.height);
                const Image face = resize(crop(picture.image, square_with_margin(box, options.margin)),
                                          options.crop_size, options.crop_size);
                const std::string name = "crops/" + crop_name(forged, number, frame);
                const auto quality = lowest_quality + int(random.below(highest_quality - lowest_quality + 1));
                write_jpeg(folder / name, face, quality);
                manifest.rows[size_t(number * per_person + i)] = {
                    .path = name,
                    .video = fmt::format("person-{:04}", number),
                    .split = split,
                    .dataset = "drawn",
                    .method = forged ? "swap" : "original",
                    .label = forged ? 1 : 0,
                    .frame = frame};
            }
            const std::lock_guard lock(mutex);
            done += per_person;
            progress.update(done);
        }
    });
    const std::filesystem::path path = folder / "faces.csv";
    write_manifest(path, manifest);
    return path;
}

DemoClip draw_demo_clip(uint64_t seed, uint64_t person, bool forged, int frames, int size,
                        double crop_margin) {
    DemoClip clip;
    clip.frames.resize(size_t(frames));
    if (forged) {
        clip.originals.resize(size_t(frames));
        clip.forged_region.resize(size_t(frames));
    }
    const Person drawn = make_person(seed, person);
    parallel_for(frames, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
            const double seconds = double(i) / clip.frames_per_second;
            Picture picture = draw(drawn, forged, seconds, size);
            const auto cut = [&](Image& image) {
                return crop_margin > 0
                           ? resize(crop(image, square_with_margin(picture.face, crop_margin)), size, size)
                           : std::move(image);
            };
            clip.frames[size_t(i)] = cut(picture.image);
            if (!forged) continue;
            const FaceView view = animate(drawn.forged_view, seconds);
            Image original = draw_face(drawn.identity, view, size).image,
                  region = grey_picture(picture.replaced, size);
            clip.originals[size_t(i)] = cut(original);
            clip.forged_region[size_t(i)] = cut(region);
        }
    });
    return clip;
}

}  // namespace unmask
