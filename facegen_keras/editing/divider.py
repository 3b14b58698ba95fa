"""Before and after as one picture, with a divider to drag: plain HTML in two widgets, one upon the other."""

import base64
import html
import io

import ipywidgets as widgets

# The divider is a range input that covers the pictures, so keys move it too; JupyterLab is told to leave them to it.
# `--cut` is set on the box, which stays when the pictures in it are replaced.
DIVIDER = """
<div class="facegen-divider"><input type="range" min="0" max="100" value="50" data-lm-suppress-shortcuts="true"
 aria-label="Divider between before (left) and after (right)"
 oninput="this.closest('.facegen-compare').style.setProperty('--cut', this.value + '%')"><span></span></div>
"""


class Compare:
    """A box with the two pictures: `box`, and `show` to change them."""

    def __init__(self):
        self.pictures = widgets.HTML()
        self.box = widgets.Box([self.pictures, widgets.HTML(DIVIDER)])
        self.box.add_class("facegen-compare")

    def show(self, before, after, before_is, after_is):
        """Show two PIL images, and say beneath what each is."""
        images = [
            f'<img class="facegen-{which}" alt="{which}: {html.escape(what)}" src="{data_address(image)}">'
            for which, image, what in (("before", before, before_is), ("after", after, after_is))
        ]
        captions = f"<span>◀ before: {html.escape(before_is)}</span><span>after: {html.escape(after_is)} ▶</span>"
        self.pictures.value = (
            f'<div class="facegen-pictures">{"".join(images)}</div><div class="facegen-captions">{captions}</div>'
        )


def data_address(image):
    """A PIL image as an address that holds it, as JPEG."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
