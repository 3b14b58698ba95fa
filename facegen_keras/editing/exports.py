"""Pictures that leave a session: each says in its own file that a network made or changed it."""

import json
from pathlib import Path

from PIL import Image

from facegen_keras.files import write_atomically
from facegen_keras.metadata import marks

SOFTWARE = "facegen_keras"
# What IPTC calls pictures that a network drew, and photographs that one changed.
GENERATED, COMPOSITE = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">\
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" \
xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="\
http://cv.iptc.org/newscodes/digitalsourcetype/{}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
DESCRIPTION, SOFTWARE_TAG = 0x010E, 0x0131  # of EXIF
QUALITY = 95  # of JPEG


def save_marked(image, path, edits, gan):
    """Write a picture with metadata that say that it was edited or drawn, by what, and which attributes it was given.

    PNG has them as text, JPEG as EXIF and comment; both have IPTC's word for such pictures, which a photograph that
    nothing was changed in does without. Metadata of the photograph, such as its place and time, are left out.

    Args:
        image: a PIL image.
        path: a `.png` or `.jpg` file.
        edits: a list of each `Edit` that it shows; the attributes are those of the last.
        gan: the `FaceGAN` that drew it.

    Returns:
        The Path written to.
    """
    described = "; ".join(dict.fromkeys(edit.described for edit in edits))
    about = {"Software": SOFTWARE, "Edited": described, "Recipe": gan.recipe}
    about["Attributes"] = json.dumps(edits[-1].strengths)
    is_of_photographs = any(edit.start.portrait for edit in edits)
    is_marked = not all(edit.is_untouched for edit in edits)
    source_type = XMP.format(COMPOSITE if is_of_photographs else GENERATED)
    options = marks(path, about)
    if path.suffix == ".png":
        if is_marked:
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", source_type)
    else:
        exif = Image.Exif()
        exif[DESCRIPTION], exif[SOFTWARE_TAG] = described, SOFTWARE
        options |= {"exif": exif} | ({"xmp": source_type.encode()} if is_marked else {})  # Pillow 10 writes no xmp
        options |= {"icc_profile": image.info.get("icc_profile"), "quality": QUALITY, "subsampling": 0}
    with write_atomically(path) as unfinished:
        image.save(unfinished, **options)
    return path


def save_record(path, edit, gan):
    """Write what an edit was drawn from as JSON, and return its Path."""
    drawn_from = {
        "picture": path.with_suffix(".png").name,
        "edited": edit.described,
        "recipe": gan.recipe,
        "attributes": edit.strengths,
        "latents": edit.start.latents.tolist(),
    }
    with write_atomically(path) as unfinished:
        unfinished.write_text(json.dumps(drawn_from) + "\n", encoding="utf-8")
    return path


def free_names(folder, *stems):
    """A Path without suffix for each stem, such as `folder/face_1`, of one number that no file of these has yet."""
    number = 1
    while any(next(Path(folder).glob(f"{stem}_{number}.*"), None) for stem in stems):
        number += 1
    return [Path(folder) / f"{stem}_{number}" for stem in stems]
