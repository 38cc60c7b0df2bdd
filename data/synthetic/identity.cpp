// SPDX-License-Identifier: Apache-2.0
// Draws a person's traits; related traits go together (melanin sets skin, hair and iris; age greys, recedes,
// wrinkles).
#include "data/synthetic/face.h"
#include "engine/philox.h"

namespace unmask {
namespace {

class Traits {
  public:
    explicit Traits(uint64_t seed) : random_(seed, "synthetic_identity") {}
    float between(double low, double high) { return float(random_.uniform(low, high)); }
    // Around a value, kept within two deviations: no freaks.
    float around(double value, double deviation) {
        return float(value + deviation * std::clamp(random_.normal(), -2.0, 2.0));
    }
    bool chance(double probability) { return random_.chance(probability); }
    HairStyle one_of(std::initializer_list<HairStyle> styles) {
        return styles.begin()[random_.below(styles.size())];
    }

  private:
    PhiloxSequence random_;
};

// Linear reflectances along the melanin scale from very light to very dark skin.
Vec3 skin_color(float melanin, float redness) {
    constexpr Vec3 scale[] = {{0.74f, 0.52f, 0.42f},
                              {0.62f, 0.40f, 0.29f},
                              {0.47f, 0.28f, 0.18f},
                              {0.29f, 0.16f, 0.095f},
                              {0.145f, 0.080f, 0.050f}};
    const float place = saturate(melanin) * 3.999f;
    const int step = int(place);
    const Vec3 base = mix(scale[step], scale[step + 1], place - float(step));
    return base * mix({0.97f, 1.03f, 1.04f}, {1.05f, 0.94f, 0.93f}, redness);
}

Vec3 hair_color(Traits& traits, float melanin, float age) {
    constexpr Vec3 black{0.018f, 0.015f, 0.014f}, brown{0.075f, 0.043f, 0.026f},
        chestnut{0.13f, 0.065f, 0.035f}, blond{0.42f, 0.29f, 0.15f}, red{0.30f, 0.095f, 0.035f},
        grey{0.42f, 0.41f, 0.40f};
    const float draw = traits.between(0, 1) + 1.1f * (0.4f - melanin);
    Vec3 color = draw < 0.35f   ? mix(black, brown, traits.between(0, 0.5))
                 : draw < 0.75f ? mix(brown, chestnut, traits.between(0, 1))
                 : draw < 1.10f ? mix(chestnut, blond, traits.between(0.2, 1))
                 : draw < 1.20f ? mix(red, chestnut, traits.between(0, 0.6))
                                : mix(blond, chestnut, traits.between(0, 0.7));
    const float greying = saturate(1.6f * (age - 0.62f) + traits.around(0, 0.12));
    return mix(color, grey, greying * 0.9f);
}

Vec3 iris_color(Traits& traits, float melanin) {
    constexpr Vec3 dark{0.045f, 0.022f, 0.012f}, brown{0.14f, 0.065f, 0.028f}, hazel{0.20f, 0.14f, 0.055f},
        green{0.16f, 0.21f, 0.11f}, blue{0.16f, 0.27f, 0.40f}, grey{0.25f, 0.29f, 0.31f};
    const float draw = traits.between(0, 1) + 1.3f * (0.35f - melanin);
    if (draw < 0.5f) return mix(dark, brown, traits.between(0, 1));
    if (draw < 0.75f) return mix(brown, hazel, traits.between(0, 1));
    if (draw < 0.95f) return mix(hazel, green, traits.between(0, 1));
    return mix(traits.chance(0.3) ? grey : blue, green, traits.between(0, 0.35));
}

void draw_hair(Traits& traits, FaceIdentity& person, float masculine) {
    using enum HairStyle;
    const bool short_hair = traits.between(0.15, 0.85) < masculine;
    if (short_hair) {
        person.hair_style = traits.one_of({cropped, cropped, parted, parted, swept, swept, curly});
        if (traits.chance(0.05 + 0.30 * person.age)) person.hair_style = bald;
        person.receding = saturate(traits.around(1.1 * person.age - 0.25, 0.25)) * 0.9f;
    } else {
        person.hair_style =
            traits.one_of({swept, curly, bob, bob, straight_long, straight_long, wavy_long, wavy_long});
        person.fringe = traits.chance(0.3) ? traits.between(0.5, 1) : 0;
    }
    person.hairline = traits.around(0.56, 0.04);
    person.hair_volume = traits.between(0.25, 1);
    person.parting = traits.between(-0.8, 0.8);
}

}  // namespace

FaceIdentity make_identity(uint64_t seed) {
    Traits traits(seed);
    FaceIdentity person;
    person.seed = seed;
    const float masculine = traits.between(0, 1);
    const float melanin = std::pow(traits.between(0, 1), 1.3f);
    person.age = traits.between(0.05, 1);

    person.head_width = traits.around(0.695 + 0.025 * masculine, 0.025);
    person.jaw_squareness = traits.around(2.35 + 0.8 * masculine, 0.25);
    person.face_depth = traits.around(0.78, 0.025);
    person.cheekbones = traits.between(0.1, 1);
    person.cheek_fullness = traits.between(0, 1);
    person.chin = saturate(traits.around(0.3 + 0.4 * masculine, 0.2));
    person.brow_ridge = saturate(traits.around(0.15 + 0.6 * masculine, 0.15));
    person.ear_size = traits.around(1, 0.1);
    person.neck_width = traits.around(0.40 + 0.09 * masculine, 0.02);

    person.redness = traits.between(0.1, 0.9);
    person.skin = skin_color(melanin, person.redness);
    person.pores = saturate(traits.around(0.35 + 0.25 * masculine + 0.2 * person.age, 0.15));
    person.gloss = traits.between(0.2, 1);
    person.freckles = melanin < 0.4f && traits.chance(0.3) ? traits.between(0.3, 1) : 0;
    person.moles = traits.chance(0.5) ? traits.between(0.2, 1) : 0;

    person.eye_distance = traits.around(0.290, 0.013);
    person.eye_size = traits.around(0.140, 0.008);
    person.eye_opening = traits.around(0.385 - 0.03 * masculine - 0.04 * person.age, 0.04);
    person.eye_tilt = traits.around(0.07, 0.06);
    person.eye_depth = saturate(traits.around(0.4 + 0.2 * masculine, 0.2));
    person.lid_crease = traits.between(0, 1);
    person.iris = iris_color(traits, melanin);

    person.hair = hair_color(traits, melanin, person.age);
    draw_hair(traits, person, masculine);
    person.brow_color = mix(person.hair * 0.55f, {0.03f, 0.02f, 0.016f}, traits.between(0.4, 0.9));
    person.brow_height = traits.around(0.200 - 0.02 * masculine, 0.015);
    person.brow_thickness = traits.around(0.036 + 0.012 * masculine, 0.006);
    person.brow_arch = traits.around(0.045 - 0.02 * masculine, 0.012);
    person.brow_tilt = traits.around(0.015, 0.02);
    person.brow_density = traits.between(0.7, 1);

    person.nose_length = traits.around(0.405 + 0.015 * masculine, 0.02);
    person.nose_width = traits.around(0.92 + 0.10 * masculine + 0.15 * melanin, 0.09);
    person.nose_bridge = traits.between(0, 1);
    person.nose_tip = traits.between(0, 1);

    person.mouth_height = traits.around(-0.615, 0.02);
    person.mouth_width = traits.around(0.245 + 0.01 * masculine, 0.018);
    const float fullness = traits.around(1.08 - 0.25 * masculine + 0.25 * melanin - 0.15 * person.age, 0.12);
    person.upper_lip = 0.074f * fullness * traits.between(0.85, 1.15);
    person.lower_lip = 0.092f * fullness * traits.between(0.85, 1.15);
    const Vec3 natural =
        person.skin * mix({0.78f, 0.46f, 0.48f}, {0.88f, 0.58f, 0.58f}, traits.between(0, 1));
    const Vec3 lipstick = mix({0.38f, 0.05f, 0.07f}, {0.40f, 0.12f, 0.13f}, traits.between(0, 1));
    const bool painted = masculine < 0.45f && traits.chance(0.35);
    person.lips = painted ? mix(natural, lipstick, traits.between(0.3, 0.85)) : natural;

    if (masculine > 0.55f) {
        person.stubble = traits.between(0, 1);
        const float growth = traits.between(0, 1);
        if (growth < 0.22f) person.beard = traits.between(0.55, 1);
        if (growth < 0.30f) person.mustache = traits.between(0.5, 1);
    }
    return person;
}

}  // namespace unmask
