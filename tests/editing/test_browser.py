"""The refinement page, driven in a real browser: a control moves, the picture follows, and a file comes out."""

import base64
import io
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

import facegen_keras as fg

PAGE = Path(fg.__file__).parent / "editing" / "page.ipynb"
MAKEFILE = Path(fg.__file__).parents[1] / "Makefile"
MARKUP = "<img src=x onerror=document.body.remove()>"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no Chromium with its driver: make test-browser"),
]

PIXELS = """
    const shown = document.querySelector('img.facegen-' + arguments[0]);
    const canvas = document.createElement('canvas');
    canvas.width = shown.naturalWidth; canvas.height = shown.naturalHeight;
    canvas.getContext('2d').drawImage(shown, 0, 0);
    return canvas.toDataURL();
"""

# A FileUpload keeps its <input type=file> out of the document, where the driver cannot find it.
CATCH_FILE_INPUT = """
    HTMLInputElement.prototype.click = function() { this.className = 'caught'; document.body.append(this); };
"""

TIME_OF_A_CHANGE = """
    const [handle, done] = arguments, face = document.querySelector('img.facegen-after');
    const start = performance.now();
    face.addEventListener('load', () => done(performance.now() - start), {once: true});
    const key = handle.getAttribute('aria-valuenow') > 0.5 ? 'ArrowLeft' : 'ArrowRight';
    handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
"""


def options_of_make_app():
    """What `make app` passes to Voilà."""
    [recipe] = re.findall(r"/voila .*page\.ipynb ((?:.*\\\n)*.*)", MAKEFILE.read_text(encoding="utf-8"))
    return [option for option in shlex.split(recipe.replace("\\\n", "")) if not option.startswith("--port")]


@pytest.fixture(scope="module")
def page_address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / MARKUP
    folder.mkdir()
    shutil.copy(PAGE, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "voila.log").open("w", encoding="utf-8")
    command = [sys.executable, "-m", "voila", PAGE.name, *options_of_make_app(), f"--port={port}"]
    server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)

    def answers():
        assert server.poll() is None, (folder / "voila.log").read_text(encoding="utf-8")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(answers, 60)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def browser(page_address):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for option in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking", "window-size=1280,900"):
        options.add_argument(f"--{option}")
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        driver.set_page_load_timeout(180)
        driver.get(page_address)
        wait_for(lambda: driver.find_elements("css selector", "img.facegen-after"), 180)
        wait_for(lambda: len(pixels(driver)) > 1_000)
        yield driver
    finally:
        driver.quit()


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def pixels(browser, which="after"):
    return browser.execute_script(PIXELS, which)


def button(browser, text):
    return next(b for b in browser.find_elements("css selector", ".facegen button") if text in b.text)


def upload(browser, path):
    browser.execute_script(CATCH_FILE_INPUT)
    button(browser, "Photograph").click()
    wait_for(lambda: browser.find_elements("css selector", "input.caught"))[-1].send_keys(str(path))


def note(browser):
    return browser.execute_script("return document.querySelector('.facegen-note').textContent")


def slider(browser, text):
    rows = browser.find_elements("css selector", ".facegen .widget-slider")
    return next(row for row in rows if text in row.text).find_element("css selector", ".noUi-handle")


def test_control_changes_the_picture_and_undo_brings_it_back(browser):
    from selenium.webdriver.common.keys import Keys

    first = pixels(browser)
    slider(browser, "Smiling").send_keys(Keys.END)
    changed = wait_for(lambda: pixels(browser) != first and pixels(browser))
    assert pixels(browser, "before") == first
    button(browser, "Undo").click()
    wait_for(lambda: pixels(browser) == first)
    button(browser, "Redo").click()
    wait_for(lambda: pixels(browser) == changed)


@pytest.mark.timing
def test_change_shows_within_300_ms(browser):
    """From the key to the new face, decoded, by the browser's own clock; the median of some, as other work disturbs."""
    handle = slider(browser, "Smiling")
    times = [browser.execute_async_script(TIME_OF_A_CHANGE, handle) for _ in range(9)]
    assert sorted(times)[4] < 300, times


def test_export_is_a_file_that_opens(browser):
    button(browser, "Save face").click()
    link = wait_for(lambda: browser.find_elements("css selector", ".facegen-note a[download$='.png']"))[0]
    kind, _, data = link.get_attribute("href").partition(",")
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    picture.load()
    assert kind == "data:image/png;base64" and picture.width >= 64


def test_upload_is_redrawn_or_refused_by_name(browser, tmp_path):
    """Also that the same button takes one file after the other."""
    Image.new("L", (300, 200), 90).save(tmp_path / "grey.png")
    (tmp_path / "notes.png").write_text("no picture", encoding="utf-8")
    upload(browser, tmp_path / "notes.png")
    wait_for(lambda: "notes.png" in note(browser))
    upload(browser, tmp_path / "grey.png")
    wait_for(lambda: "redraws" in note(browser), 60)
    shown = Image.open(io.BytesIO(base64.b64decode(pixels(browser, "before").partition(",")[2])))
    assert shown.convert("L").getextrema() == (90, 90)


def test_names_are_shown_as_text(browser, tmp_path):
    """The folder that the page works in, and the file that it is given, are named like an element of a page."""
    button(browser, "Save face").click()
    wait_for(lambda: MARKUP in note(browser))
    (tmp_path / f"{MARKUP}.png").write_text("no picture", encoding="utf-8")
    upload(browser, tmp_path / f"{MARKUP}.png")
    wait_for(lambda: f"{MARKUP}.png cannot be read" in note(browser))
    assert browser.find_elements("css selector", ".facegen") and not browser.find_elements("css selector", "[onerror]")


def test_only_this_machine_is_answered(page_address):
    """Neither other machines, nor a web site whose name was made to lead here."""
    port = int(page_address.strip("/").rpartition(":")[2])
    for address in {entry[4][0] for entry in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}:
        if not address.startswith("127."):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((address, port), timeout=5).close()
    foreign = urllib.request.Request(page_address, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(foreign, timeout=20)


def test_phone_shows_everything_without_sideways_scrolling(browser):
    browser.set_window_size(500, 900)  # headless Chromium has no narrower window
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth + 1")
        assert slider(browser, "Young").is_displayed()
    finally:
        browser.set_window_size(1280, 900)
