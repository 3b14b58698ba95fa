"""What tests that drive the page in a browser use."""

import contextlib
import shutil
import socket
import subprocess
import sys
import time

import nbformat

from facegen_keras.editing.page import PAGE

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
MISSING = "no Chromium with its driver: make test-browser"
# A camera that shows a test picture, and leave to use it.
CAMERA = ("use-fake-device-for-media-stream", "use-fake-ui-for-media-stream")

PIXELS = """
    const shown = document.querySelector('img.facegen-' + arguments[0]);
    if (!shown || !shown.complete) return '';
    const canvas = document.createElement('canvas');
    canvas.width = shown.naturalWidth; canvas.height = shown.naturalHeight;
    canvas.getContext('2d').drawImage(shown, 0, 0);
    return canvas.toDataURL();
"""

# A FileUpload keeps its <input type=file> out of the document, where the driver cannot find it.
CATCH_FILE_INPUT = """
    HTMLInputElement.prototype.click = function() { this.className = 'caught'; document.body.append(this); };
"""


def write_page(folder):
    """The page, of a generator that is fed pictures; untrained, so that nothing waits for it."""
    notebook = nbformat.read(PAGE, as_version=4)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.source = cell.source.replace("refine_widget()", 'refine_widget(fg.RECIPES["editor"].build())')
        if cell.cell_type == "code":
            cell.outputs = []
    nbformat.write(notebook, folder / PAGE.name)


@contextlib.contextmanager
def serve(*command, folder):
    """Run a server, `python command --port=...` in a folder, until its address is no longer needed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    with log.open("w", encoding="utf-8") as file:
        command = [sys.executable, *command, f"--port={port}"]
        server = subprocess.Popen(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT)

    def answers():
        assert server.poll() is None, log.read_text(encoding="utf-8")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        wait_for(answers, 60)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(20)


@contextlib.contextmanager
def browse(address, *options):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    settings = webdriver.ChromeOptions()
    settings.binary_location = BROWSER
    usual = ("headless", "no-sandbox", "disable-gpu", "disable-background-networking", "window-size=1280,900")
    for option in (*usual, *options):
        settings.add_argument(f"--{option}")
    driver = webdriver.Chrome(options=settings, service=Service(DRIVER))
    try:
        driver.set_page_load_timeout(180)
        driver.get(address)
        yield driver
    finally:
        driver.quit()


def wait_for(condition, seconds=30):
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
    browser.find_element("css selector", ".facegen .widget-upload").click()
    wait_for(lambda: browser.find_elements("css selector", "input.caught"))[-1].send_keys(str(path))


def note(browser):
    return browser.execute_script("return document.querySelector('.facegen-note').textContent")


def slider(browser, text):
    rows = browser.find_elements("css selector", ".facegen .widget-slider")
    return next(row for row in rows if text in row.text).find_element("css selector", ".noUi-handle")


def turn(browser, text):
    """Move a slider to its other end."""
    from selenium.webdriver.common.keys import Keys

    handle = slider(browser, text)
    handle.send_keys(Keys.HOME if float(handle.get_attribute("aria-valuenow")) > 0.5 else Keys.END)


def move_divider(browser, key):
    """Press a key on the divider; returns how the picture of after is cut before and then."""
    cut = "return getComputedStyle(document.querySelector('img.facegen-after')).clipPath"
    before = browser.execute_script(cut)
    browser.find_element("css selector", ".facegen-divider input").send_keys(key)
    return before, browser.execute_script(cut)


def place_of(browser, selector):
    """The (left, top, right, bottom) of an element in the window."""
    script = "const box = arguments[0].getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]"
    return browser.execute_script(script, browser.find_element("css selector", selector))
