"""What tests that work the page's controls without a browser use."""

import html
import io
import re

import traitlets
from PIL import Image


class FileUpload7(traitlets.HasTraits):
    """The kernel's side of ipywidgets 7.7's FileUpload, as Colab has it."""

    metadata, data, _counter = traitlets.List(), traitlets.List(), traitlets.Int()
    disabled = traitlets.Bool()
    value = traitlets.Dict(read_only=True)

    @traitlets.observe("_counter")
    def _set_value(self, _):
        files = zip(self.metadata, self.data, strict=True)
        self.set_trait("value", {about["name"]: {"metadata": about, "content": content} for about, content in files})


def upload(page, name, content):
    """Set what the browser sends when a file is chosen."""
    about, button = {"name": name, "type": "", "size": len(content)}, page.upload.button
    if hasattr(button, "metadata"):
        with button.hold_trait_notifications():
            button.metadata, button.data = [about | {"lastModified": 0}], [content]
            button._counter += 1
    else:
        button.set_state({"value": [about | {"last_modified": 0, "content": memoryview(content)}]})


def photograph(form="PNG", **options):
    file = io.BytesIO()
    Image.new("L", (300, 200), 90).save(file, form, **options)
    return file.getvalue()


def said(page):
    """What the status says, as a reader sees it."""
    return html.unescape(page.status.value.partition(">")[2].removesuffix("</div>"))


def shown(page, which="after"):
    """The address of a picture, which holds its pixels, and its alt text."""
    return re.search(rf'facegen-{which}" alt="([^"]*)" src="([^"]*)"', page.compare.pictures.value).groups()[::-1]


def turn(page, name):
    """Move a slider to its other end."""
    page.sliders[name].value = 1 - page.sliders[name].value


def watch(page):
    """A list that gets each status, and whether sliders and buttons wait meanwhile."""
    seen = []
    controls = (page.sliders["Smiling"], page.dice, page.save, page.upload.button)
    page.status.observe(lambda _: seen.append((said(page), {control.disabled for control in controls})), "value")
    return seen
