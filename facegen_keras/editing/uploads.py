"""Pictures in and files out: what is uploaded, what the webcam sees, and links to what was saved."""

import base64
import binascii
import html
import io

import ipywidgets as widgets

KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".json": "application/json"}
LARGEST_LINK = 50_000_000  # bytes of a file that is handed through the page; larger ones stay in their folder
# The first click shows the camera, the second takes the picture.
CLICK = """
const root = this.closest('.facegen'), video = this.parentNode.querySelector('video');
const say = text => { this.querySelector('span').textContent = text; };
const rest = () => {
  (video.srcObject ? video.srcObject.getTracks() : []).forEach(track => track.stop());
  video.srcObject = null; video.hidden = true; say('Webcam');
};
if (video.srcObject) {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  const field = root.querySelector('.facegen-handed textarea');
  field.value = canvas.toDataURL('image/jpeg', 0.95);
  field.dispatchEvent(new Event('change', {bubbles: true}));
  rest();
} else if (!navigator.mediaDevices) {
  say('No webcam here');
} else {
  navigator.mediaDevices.getUserMedia({video: true})
    .then(stream => { video.srcObject = stream; video.hidden = false; say('Take the picture'); return video.play(); })
    .catch(() => { rest(); say('No webcam here'); });
}
"""
BUTTON = f"""
<div class="facegen-camera"><button type="button" class="jupyter-button lm-Widget" onclick="{html.escape(CLICK)}"
 title="Take a picture with the camera of this device; the first click shows what it sees"><i class="fa fa-camera"
 ></i> <span>Webcam</span></button><video hidden muted playsinline aria-label="What the camera sees"></video></div>
"""


class Upload:
    """`button` takes one file after the other; `on_picture(file)` is called with each."""

    def __init__(self, on_picture):
        self.on_picture = on_picture
        self.button = widgets.FileUpload(accept="image/*", description="Photograph")
        self.button.tooltip = "Start from a picture"  # not an argument: ipywidgets 7 has no tooltip here, and warns
        self.button.observe(self._hand_over, "value")

    def _hand_over(self, change):
        if not change["new"]:
            return
        self.on_picture(_uploaded_file(change["new"]))
        if isinstance(change["new"], dict):  # ipywidgets 7: a change of the counter sets the value from the other two
            self.button.metadata, self.button.data, self.button._counter = [], [], 0
        else:
            self.button.value = ()  # so that the same file can be uploaded again


class Camera:
    """A webcam, where the browser offers one; `on_picture(file)` is called with each picture.

    Its `button` is HTML, which hands the picture over through a hidden text `field`: both belong on the page.
    """

    def __init__(self, on_picture):
        self.button, self.field = widgets.HTML(BUTTON), widgets.Textarea()
        self.field.add_class("facegen-handed")
        self.on_picture = on_picture
        self.field.observe(self._hand_over, "value")

    def _hand_over(self, change):
        if not change["new"]:
            return
        try:
            file = io.BytesIO(base64.b64decode(change["new"].partition(",")[2], validate=True))
        except binascii.Error:
            file = io.BytesIO()  # no picture: whoever opens it says so
        file.name = "The webcam's picture"
        self.on_picture(file)
        self.field.value = ""


def _uploaded_file(value):
    """The file in a FileUpload's value, opened, with its name: `open_photo` names it where it cannot be read.

    The value is a tuple of dicts in ipywidgets 8, and a dict from names to dicts in ipywidgets 7 (which Colab has).
    """
    name, uploaded = next(iter(value.items())) if isinstance(value, dict) else (value[0]["name"], value[0])
    file = io.BytesIO(uploaded["content"])
    file.name = name
    return file


def link_to(path):
    """HTML of a link that downloads a file, with its size; of its name alone where it is too large for that."""
    name, size = html.escape(path.name), path.stat().st_size
    named = f"{name} ({size / 1e6:.1f} MB)" if size > 1e6 else f"{name} ({max(1, round(size / 1e3))} kB)"
    if size > LARGEST_LINK:
        return f"<b>{named}</b> "
    data = base64.b64encode(path.read_bytes()).decode()
    return f'<a download="{name}" href="data:{KINDS[path.suffix]};base64,{data}">⬇ {named}</a>'
