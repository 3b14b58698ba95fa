"""The page of `make web` in a real browser, with nothing behind it but Python's file server."""

import base64
import functools
import http.server
import importlib.util
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import facegen_keras as fg
from browsing import BROWSER, DRIVER, MISSING, browse, wait_for
from facegen_keras.gan.conditions import read_attributes

TOOL = Path(__file__).parents[2] / "tools" / "build_web.py"
LEVELS = 2  # how far pixels of the browser may be from Keras'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason=MISSING),
    pytest.mark.skipif(not shutil.which("npm"), reason="no npm, which fetches ONNX Runtime Web: make web"),
]

# Each runs in the page, and passes on what the networks answer, pixels as base64.
ASK = """
    const [what, values, done] = arguments;
    const decode = text => Uint8ClampedArray.from(atob(text), c => c.charCodeAt(0));
    const encode = bytes => btoa(String.fromCharCode(...bytes));
    const ask = async () => {
        const { loadNetworks } = await import(new URL('networks.js', location.href));
        const networks = window.networks ??= await loadNetworks();
        if (what === 'draw') return encode(await networks.draw(values[0], values[1]));
        if (what === 'change') return encode(await networks.change(decode(values[0]), values[1]));
        return networks.read(decode(values[0]));
    };
    ask().then(done, error => done(String(error)));
"""
PIXELS = "return document.getElementById(arguments[0]).toDataURL()"


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("tf2onnx")
    spec = importlib.util.spec_from_file_location("build_web", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    folder = tmp_path_factory.mktemp("site") / "faces"
    tool.build(folder)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    """The page, not at the root of its host, as on GitHub Pages."""
    handler = functools.partial(Files, directory=folder.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{folder.name}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser(address):
    with browse(address) as driver:
        wait_for(lambda: "it is nobody's" in status(driver), 120)
        yield driver


def status(browser):
    return browser.find_element("id", "status").text


def shown(browser, which="after"):
    return browser.execute_script(PIXELS, which)


def flip(browser, name):
    """Move a slider to its other end, and wait for the change; returns what the page says."""
    from selenium.webdriver.common.keys import Keys

    before = status(browser)
    browser.find_element("id", name).send_keys(Keys.HOME if share_of(browser, name) else Keys.END)
    return wait_for(lambda: status(browser) != before and status(browser))


def share_of(browser, name):
    return float(browser.find_element("id", name).get_attribute("value"))


def ask(browser, what, *values):
    browser.set_script_timeout(60)
    answer = browser.execute_async_script(ASK, what, values)
    if what == "read":
        return answer
    return np.frombuffer(base64.b64decode(answer), np.uint8).reshape(64, 64, 3).astype(int)


def encoded(picture):
    return base64.b64encode(picture.tobytes()).decode()


def test_weights_are_small_and_everything_comes_from_the_folder(browser, folder, address):
    assert sum(file.stat().st_size for file in folder.glob("*.onnx")) < 4_000_000
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert all(name.startswith(address) for name in loaded)
    assert {f"{address}{name}.onnx" for name in ("generator", "editor", "reader")} <= set(loaded)


def test_browser_draws_changes_and_reads_as_keras_does(browser):
    gan, editor = fg.load_pretrained(), fg.load_pretrained("editor")
    latents, wanted = gan.sample_latents(4, seed=3), [0, 1, 0, 0, 1, 1, 0, 1]
    faces = gan.sample(attributes=wanted, latents=latents)
    read = read_attributes(editor, faces)
    for face, latent, found in zip(faces, latents, read):
        drawn = ask(browser, "draw", dict(zip(gan.attributes, wanted)), latent.tolist())
        assert np.abs(drawn - face).max() <= LEVELS
        assert list(ask(browser, "read", encoded(face)).values()) == found.tolist()
        change = np.float32([0, 0, 1, 0.5, 0, -1, 0, 0])
        changed = ask(browser, "change", encoded(face), change.tolist())
        expected = editor.to_pictures(editor.change(editor.to_images(face[None]), change[None]))[0]
        assert np.abs(changed - expected).max() <= LEVELS


def test_sliders_change_the_face_take_others_along_and_go_back(browser):
    browser.find_element("id", "new").click()
    wait_for(lambda: "it is nobody's" in status(browser))
    first = shown(browser)
    said = flip(browser, "Wearing_Hat")
    assert "Wearing Hat" in said and "ms" in said
    assert shown(browser) != first
    for name in ("No_Beard", "Male"):  # the slider of No_Beard says Beard
        if share_of(browser, name):
            flip(browser, name)
    flip(browser, "No_Beard")
    assert share_of(browser, "Male") == 100
    label = browser.find_element("id", "after").get_attribute("aria-label")
    assert "Wearing Hat" in label and shown(browser, "before") == first
    browser.find_element("id", "reset").click()
    wait_for(lambda: status(browser) == "As before.")
    assert shown(browser) == first and not browser.find_element("id", "reset").is_enabled()


def test_photograph_is_changed_in_its_middle_and_saved_in_full_size(browser, tmp_path):
    photo = Image.fromarray(np.random.default_rng(0).integers(60, 200, (400, 600, 3), np.uint8))
    face = fg.load_pretrained().sample(1, {"Smiling": 0, "Male": 0}, seed=5)[0]
    photo.paste(Image.fromarray(face).resize((272, 272)), (164, 64))
    photo.save(tmp_path / "me.png")
    browser.find_element("id", "file").send_keys(str(tmp_path / "me.png"))
    wait_for(lambda: "The middle of your photograph was taken" in status(browser))
    first = shown(browser, "before")
    flip(browser, "Smiling")
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    browser.find_element("id", "save").click()
    saved = Image.open(wait_for(lambda: (tmp_path / "face.png").exists() and tmp_path / "face.png"))
    assert saved.size == photo.size
    assert "Smiling" in saved.info["Edited"] and "compositeWithTrained" in saved.info["XML:com.adobe.xmp"]
    moved = np.abs(np.asarray(saved.convert("RGB"), int) - np.asarray(photo)).max(axis=2)
    assert moved[:64].max() == moved[:, :160].max() == moved[:, 440:].max() == 0  # outside of the square
    assert moved[164:300, 232:368].max() > 20
    browser.find_element("id", "zoom").send_keys("\ue014" * 10)  # the right arrow
    wait_for(lambda: shown(browser, "before") != first)


def test_what_is_no_picture_is_told_and_loses_nothing(browser, tmp_path):
    (tmp_path / "notes.png").write_text("no picture", encoding="utf-8")
    first = shown(browser)
    browser.find_element("id", "file").send_keys(str(tmp_path / "notes.png"))
    wait_for(lambda: "notes.png cannot be read as a picture" in status(browser))
    assert shown(browser) == first
    flip(browser, "Eyeglasses")
    assert shown(browser) != first


@pytest.mark.parametrize("width", [1280, 800, 500])
def test_everything_fits_and_has_a_name(browser, width):
    browser.set_window_size(width, 900)
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    for control in browser.find_elements("css selector", ":is(input, button, canvas):not([hidden] *)"):
        assert control.accessible_name, control.get_attribute("outerHTML")
    divider = browser.find_element("id", "divider")
    cut = "return getComputedStyle(document.getElementById('after')).clipPath"
    before = browser.execute_script(cut)
    divider.send_keys("\ue012" if "60%" in before else "\ue014" * 10)  # arrow keys, left or right
    assert browser.execute_script(cut) != before


def test_browser_without_simd_is_told_in_a_sentence(address):
    with browse(address, "js-flags=--no-enable-sse4-1") as driver:  # which V8 needs for WebAssembly's SIMD
        wait_for(lambda: "no WebAssembly with SIMD" in status(driver))
        assert not driver.find_element("id", "new").is_enabled()
