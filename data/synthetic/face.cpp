// SPDX-License-Identifier: Apache-2.0
// Puts the drawing together: surfaces, visible fragments at twice the size, materials, light, camera; and the
// places of the features in the picture.
#include "data/synthetic/face.h"

#include "data/synthetic/background.h"
#include "data/synthetic/camera.h"
#include "data/synthetic/features.h"
#include "data/synthetic/hair.h"
#include "data/synthetic/head.h"
#include "data/synthetic/light.h"
#include "data/synthetic/skin.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr int supersampling = 2;

class Drawing {
  public:
    Drawing(const FaceIdentity& identity, const FaceView& view, int size)
        : identity_(identity),
          view_(view),
          size_(size),
          shape_(identity, view),
          light_(view),
          skin_(identity, view, shape_.layout()),
          features_(identity, view, shape_.layout()),
          hair_(identity, shape_),
          background_(view.background_seed),
          clothes_(view.clothes_seed) {
        // Directions between the head's frame and the viewer's: rows and columns of the rotation.
        const Rotation& r = shape_.rotation();
        right_ = {r.rows[0].x, r.rows[1].x, r.rows[2].x};
        up_ = {r.rows[0].y, r.rows[1].y, r.rows[2].y};
        const Vec3 forward{r.rows[0].z, r.rows[1].z, r.rows[2].z};
        const Vec3 key = light_.key_direction();
        head_key_ = {dot(key, right_), dot(key, up_), dot(key, forward)};
    }

    [[nodiscard]] LightPlane light() const {
        const int fine = size_ * supersampling;
        FragmentBuffer buffer(fine, fine);
        const Projection projection = this->projection(float(supersampling));
        buffer.draw(shape_.head(), Part::head, projection);
        for (const float side : {-1.0f, 1.0f}) buffer.draw(shape_.ear(side), Part::ear, projection);
        buffer.draw(shape_.neck(), Part::neck, projection);
        buffer.draw(shape_.torso(), Part::torso, projection);
        if (hair_.exists()) {
            const auto covers = [this](const Vec3& local) { return hair_.covers(local); };
            const Surface shell = hair_.surface();
            buffer.draw(shell, Part::hair, projection, covers);
            // Behind the neck one looks at long hair from inside.
            if (hair_.hangs()) buffer.draw(shell.reversed(), Part::hair_inside, projection, covers);
        }
        LightPlane plane(size_, size_);
        constexpr float share = 1.0f / (supersampling * supersampling);
        for (int y = 0; y < size_; ++y) {
            for (int x = 0; x < size_; ++x) {
                Vec3 sum;
                int empty = 0;
                for (int sy = 0; sy < supersampling; ++sy) {
                    const Fragment* row =
                        &buffer.fragments[size_t(y * supersampling + sy) * fine + x * supersampling];
                    for (int sx = 0; sx < supersampling; ++sx) {
                        if (row[sx].part == Part::none)
                            ++empty;
                        else
                            sum = sum + shade(row[sx]);
                    }
                }
                if (empty > 0) {
                    const Vec3 behind =
                        background_((float(x) + 0.5f) / float(size_), (float(y) + 0.5f) / float(size_));
                    sum = sum + behind * float(empty);
                }
                plane.at(x, y) = sum * share;
            }
        }
        return plane;
    }

    [[nodiscard]] FaceLandmarks landmarks() const {
        const FaceLayout& at = shape_.layout();
        FaceLandmarks marks;
        marks.left_eye = place(-at.eye_x, 0);
        marks.right_eye = place(at.eye_x, 0);
        marks.left_brow = place(-0.28f, at.brow_y);
        marks.right_brow = place(0.28f, at.brow_y);
        marks.nose_tip = place(0, at.nose_tip_y);
        const float corner = 0.98f * at.mouth_half_width;
        marks.left_mouth = place(-corner, at.mouth_line(corner));
        marks.right_mouth = place(corner, at.mouth_line(corner));
        marks.mouth = place(0, at.mouth_line(0) - 0.5f * at.gap(0));
        marks.chin = place(0, -0.93f);
        // Clockwise in the picture, from the left brow over the forehead to the right, down to the chin and
        // back.
        constexpr float outline[][2] = {{-0.48f, 0.20f},  {-0.32f, 0.31f}, {0, 0.30f},       {0.32f, 0.31f},
                                        {0.48f, 0.20f},   {0.54f, -0.05f}, {0.51f, -0.35f},  {0.42f, -0.62f},
                                        {0.22f, -0.82f},  {0, -0.86f},     {-0.22f, -0.82f}, {-0.42f, -0.62f},
                                        {-0.51f, -0.35f}, {-0.54f, -0.05f}};
        for (const auto& [x, y] : outline) marks.inner_face.push_back(place(x, y));
        return marks;
    }

    // As a frontal face detector would box it: a square from above the brows to the chin.
    [[nodiscard]] Box face() const {
        const FacePoint middle = place(0, -0.21f);
        const float side = 1.45f * projection(1).scale;
        const int width = int(std::lround(side));
        return {int(std::lround(middle.x - side / 2)), int(std::lround(middle.y - side / 2)), width, width};
    }

  private:
    [[nodiscard]] Projection projection(float factor) const {
        const float pixels = float(size_) * factor;
        return {view_.center_x * pixels, view_.center_y * pixels, 0.5f * view_.head_height * pixels};
    }

    [[nodiscard]] FacePoint place(float x, float y) const {
        const Vec3 p = projection(1)(shape_.rotation()(shape_.front(x, y)));
        return {p.x, p.y};
    }

    [[nodiscard]] Vec3 shade(const Fragment& fragment) const {
        const Vec3 normal = normalized(fragment.normal);
        const Vec3& local = fragment.local;
        switch (fragment.part) {
            case Part::head: {
                Shading skin = skin_.face(local, normal, head_key_);
                float glint = 0;
                if (std::abs(local.z) < 1.2f)
                    glint = features_.paint(local.x, local.y, right_, up_, light_.key_direction(), skin);
                if (hair_.exists() && (local.y > 0.1f || std::abs(local.z) > 0.8f)) {
                    // The scalp between the roots, and the shade under the hair's edge.
                    const float inside = hair_.inside(local.z, local.y);
                    skin.albedo = mix(skin.albedo, identity_.hair, 0.85f * smoothstep(-0.03f, 0.05f, inside));
                    skin.gloss *= 1 - smoothstep(-0.10f, 0.0f, inside);
                    skin.occlusion *= 1 - 0.45f * smoothstep(-0.14f, 0.0f, inside);
                    skin.shadow *= 1 - 0.35f * smoothstep(-0.09f, 0.0f, inside);
                }
                return light_.shade(skin) + light_.key() * glint;
            }
            case Part::ear: {
                Shading skin = skin_.plain(0.1f * local.x + 2 * local.z, 0.2f * local.y, normal);
                const float bowl = hill(local.x, local.y, -0.15f * local.z, 0.05f, 0.65f, 0.6f);
                skin.albedo = skin.albedo * mix({1.0f, 0.90f, 0.88f}, {0.62f, 0.46f, 0.42f}, bowl);
                skin.occlusion = 0.75f - 0.3f * bowl;
                skin.gloss *= 0.5f;
                return light_.shade(skin);
            }
            case Part::hair:
                return light_.shade(hair_.material(local, normal, light_.key_direction()));
            case Part::hair_inside: {
                Shading inside = hair_.material(local, normal, light_.key_direction());
                inside.occlusion *= 0.35f;
                inside.shadow = 0.15f;
                return light_.shade(inside);
            }
            case Part::neck:
            case Part::torso: {
                Shading surface = clothes_.covers(local) ? clothes_.material(local, normal)
                                                         : skin_.plain(local.x, local.y, normal);
                // The head shades the neck from above.
                const float under =
                    smoothstep(-1.55f, -0.95f, local.y) * smoothstep(0.75f, 0.35f, std::abs(local.x));
                surface.occlusion *= 1 - 0.50f * under;
                surface.shadow *= 1 - 0.75f * under * saturate(0.4f + light_.key_direction().y);
                return light_.shade(surface);
            }
            case Part::none:
                break;
        }
        return {};
    }

    FaceIdentity identity_;
    FaceView view_;
    int size_;
    HeadShape shape_;
    Lighting light_;
    Skin skin_;
    FeaturePainter features_;
    Hair hair_;
    Background background_;
    Clothes clothes_;
    Vec3 right_, up_, head_key_;
};

}  // namespace

DrawnFace draw_face(const FaceIdentity& identity, const FaceView& view, int size) {
    if (size < 32) fail("a drawn face's size: expected at least 32 pixels, found {}", size);
    const Drawing drawing(identity, view, size);
    return {photograph(drawing.light(), view), drawing.landmarks(), drawing.face()};
}

}  // namespace unmask
