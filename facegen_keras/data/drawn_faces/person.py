"""The proportions, colours and pose of one person, from the attributes and chance."""

from dataclasses import dataclass

import numpy as np

from facegen_keras.data.drawn_faces.canvas import linear, mix

SKIN_TONES = [  # from fair to dark, display values
    (238, 205, 184), (229, 189, 160), (214, 168, 136), (198, 150, 118),
    (170, 120, 88), (135, 86, 57), (104, 65, 43), (80, 50, 35),
]  # fmt: skip
IRIS_COLOURS = [
    (70, 42, 22), (84, 54, 28), (104, 72, 36), (96, 98, 52),
    (82, 112, 80), (88, 126, 152), (112, 146, 172), (110, 122, 130),
]  # fmt: skip
HAIR_COLOURS = {
    "Black_Hair": ((17, 13, 13), (34, 26, 24)),
    "Brown_Hair": ((58, 40, 27), (108, 75, 48)),
    "Blond_Hair": ((196, 152, 88), (234, 208, 150)),
    "Gray_Hair": ((128, 128, 130), (208, 208, 206)),
}
OTHER_HAIR = [  # none of CelebA's four colours: between black and brown, dishwater, auburn, copper, wine, dyed
    ((34, 26, 22), (66, 50, 40)), ((34, 26, 22), (66, 50, 40)), ((44, 32, 26), (78, 58, 46)),
    ((126, 104, 80), (152, 130, 98)), ((126, 104, 80), (152, 130, 98)), ((140, 112, 82), (170, 142, 104)),
    ((86, 34, 22), (140, 62, 34)), ((128, 60, 30), (186, 100, 52)), ((60, 24, 30), (104, 34, 46)),
    ((72, 70, 124), (178, 92, 136)),
]  # fmt: skip
HENNA = ((76, 26, 20), (114, 40, 27))  # on dark skin


@dataclass(frozen=True)
class Person:
    """One person's measures in pixels of the CelebA frame; `a` holds the attributes as given."""

    a: dict
    skin: np.ndarray
    darkness: float
    iris: np.ndarray
    hair: np.ndarray
    age: float
    outline: np.ndarray
    eye_gap: float
    eye_width: float
    eye_open: float
    eye_lower: float
    eye_slant: float
    crease: float
    brow_height: float
    brow_arch: float
    brow_thickness: float
    brow_slant: float
    nose_width: float
    nose_length: float
    nose_bridge: float
    nose_point: float
    mouth_width: float
    mouth_height: float
    upper_lip: float
    lower_lip: float
    smile: float
    gap: float
    lopsided: float
    neck: float
    yaw: float
    pitch: float
    tilt: float


def draw_person(a, rng):
    """Draw the measures of a person with attributes `a` ({name: 0 or 1}).

    It takes the same numbers from `rng` whatever the attributes are, so that two people drawn from equal generators
    differ only where their attributes do.
    """
    n = np.clip(rng.standard_normal(40), -2, 2).tolist()  # Python floats: they leave float32 arrays as they are
    u = rng.random(16).tolist()
    male, smile = a["Male"], a["Smiling"]
    age = 0.15 + 0.2 * u[0] if a["Young"] else 0.6 + 0.4 * u[0]
    age = min(1.0, age + 0.15 * a["Gray_Hair"])
    plain = 1 - 0.5 * a["Attractive"]  # the attractive are nearer to the mean
    tone = _skin_tone(a, u[1])
    nose = 10.0 + 0.9 * male + 1.3 * n[0] * plain + 4.2 * a["Big_Nose"] - 1.5 * a["Pointy_Nose"]
    lips = 1.0 + 0.13 * n[1] + 0.72 * a["Big_Lips"] - 0.14 * male + 0.12 * tone
    return Person(
        a=a,
        skin=_palette(SKIN_TONES, tone * (len(SKIN_TONES) - 1)),
        darkness=tone,
        iris=_iris(u[2], tone, a),
        hair=_hair_colour(a, tone, u[3], u[4]),
        age=age,
        outline=_outline(a, n[2:8], age, plain),
        eye_gap=19.6 + 0.75 * n[8],
        eye_width=10.0 + 0.4 * n[9] + 0.5 * (1 - male),
        eye_open=(5.1 + 0.5 * n[10] - 0.7 * male - 0.5 * smile - 0.6 * age) * (0.5 if a["Narrow_Eyes"] else 1),
        eye_lower=(2.7 + 0.25 * n[11] - 0.6 * smile) * (0.58 if a["Narrow_Eyes"] else 1),
        eye_slant=0.9 + 0.7 * n[12] - 0.8 * age,
        crease=3.0 + 0.8 * n[13],
        brow_height=14.2 + 1.2 * n[14] - 1.5 * male + 0.8 * a["Arched_Eyebrows"],
        brow_arch=1.0 + 0.5 * n[15] - 0.5 * male + 3.4 * a["Arched_Eyebrows"],
        brow_thickness=1.5 + 0.3 * n[16] + 0.35 * male + 1.45 * a["Bushy_Eyebrows"],
        brow_slant=0.3 + 0.8 * n[17],
        nose_width=nose,
        nose_length=24.5 + 1.4 * n[18] * plain + 1.4 * a["Big_Nose"] + 1.5 * a["Pointy_Nose"] + 0.6 * male,
        nose_bridge=4.6 + 0.5 * n[19] + 0.9 * a["Big_Nose"] - 0.7 * a["Pointy_Nose"],
        nose_point=0.35 + 0.1 * n[20] + 0.9 * a["Pointy_Nose"],
        mouth_width=15.2 + 0.8 * n[21] + 3.8 * smile + 0.5 * male,
        mouth_height=41.0 + 0.8 * n[22] + 0.7 * male,
        upper_lip=3.7 * lips * (1 - 0.14 * smile),
        lower_lip=5.2 * lips * (1 - 0.3 * smile),
        smile=smile * (0.8 + 0.3 * u[5]) + (1 - smile) * (0.2 - 0.24 * u[5]),
        gap=a["Mouth_Slightly_Open"] * (mix(3.6, 5.4, u[6]) + 1.0 * smile),
        lopsided=0.8 * n[23] * plain,
        neck=24.5 + 1.0 * n[24] + 5.5 * male + 3.0 * a["Chubby"],
        yaw=5.5 * n[25],
        pitch=2.0 * n[26],
        tilt=0.02 * n[27],
    )


def _palette(colours, position):
    low = int(min(max(position, 0), len(colours) - 2))
    return mix(linear(colours[low]), linear(colours[low + 1]), position - low)


def _skin_tone(a, chance):
    if a["Pale_Skin"]:
        return -0.12
    tone = 0.08 + 0.95 * chance**2.0
    if a["Blond_Hair"] or a["Rosy_Cheeks"]:
        tone *= 0.45
    return float(min(tone, 1.0))


def _iris(chance, tone, a):
    if tone > 0.45 or (a["Black_Hair"] and chance < 0.8):
        chance *= 0.25
    return _palette(IRIS_COLOURS, chance * (len(IRIS_COLOURS) - 1))


def _hair_colour(a, tone, chance, which):
    ends = OTHER_HAIR[int(which * len(OTHER_HAIR))]
    if tone >= 0.45:
        ends = HENNA if which > 0.8 else OTHER_HAIR[0]
    for name, colours in HAIR_COLOURS.items():
        if a[name]:
            ends = colours
    return mix(linear(ends[0]), linear(ends[1]), np.float32(chance))


def _outline(a, n, age, plain):
    """Half the outline of the skull and jaw, from the top to the chin, as points (x, y)."""
    n = [plain * value for value in n]
    male, chubby, oval = a["Male"], a["Chubby"], a["Oval_Face"]
    cheek = 44.4 + 1.8 * n[0] + 0.6 * male + 4.2 * chubby - 2.6 * oval + 0.8 * a["High_Cheekbones"]
    jaw = 33.0 + 1.9 * n[1] + 4.0 * male + 7.5 * chubby - 3.6 * oval + 0.9 * age
    chin = 12.4 + 1.8 * n[2] + 2.6 * male + 5.0 * chubby - 2.2 * oval
    end = 68.0 + 2.1 * n[3] + 2.6 * male + 3.4 * oval
    brow = 43.8 + 1.3 * n[4] - 0.6 * oval
    return np.array([
        (0, -64), (20.5, -60.5), (35.5, -46), (brow - 0.6, -25), (cheek, -2), (cheek - 0.6, 12),
        (mix(cheek, jaw, 0.46) + 0.8, 31), (jaw, 45 + n[5]), (mix(jaw, chin, 0.48) + 1.2, end - 10),
        (chin, end - 2.0), (0, end),
    ], np.float32)  # fmt: skip
