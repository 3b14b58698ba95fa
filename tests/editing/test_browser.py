"""The refinement page, driven in a real browser: a control moves, the picture follows, and a file comes out."""

import base64
import io
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browsing import (
    BROWSER,
    CAMERA,
    DRIVER,
    MISSING,
    PAGE,
    browse,
    button,
    move_divider,
    note,
    pixels,
    place_of,
    serve,
    slider,
    turn,
    upload,
    wait_for,
    write_page,
)

SERVE = """
import sys
import facegen_keras as fg
fg.serve_page(int(sys.argv[2].removeprefix("--port=")), sys.argv[1])
"""
MARKUP = "<img src=x onerror=document.body.remove()>"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (BROWSER and DRIVER), reason=MISSING)]

TIME_OF_A_CHANGE = """
    const [handle, done] = arguments, face = () => document.querySelector('img.facegen-after');
    const start = performance.now(), first = face();
    const look = async () => {
        if (face() === first) return requestAnimationFrame(look);
        await face().decode();
        done(performance.now() - start);
    };
    const key = handle.getAttribute('aria-valuenow') > 0.5 ? 'ArrowLeft' : 'ArrowRight';
    handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
    look();
"""


@pytest.fixture(scope="module")
def page_address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / MARKUP
    folder.mkdir()
    write_page(folder)
    with serve("-c", SERVE, PAGE.name, folder=folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser(page_address):
    with browse(page_address, *CAMERA) as driver:
        wait_for(lambda: len(pixels(driver)) > 1_000, 180)
        yield driver


@pytest.fixture
def grey(tmp_path):
    Image.new("L", (300, 200), 90).save(tmp_path / "grey.png")
    return tmp_path / "grey.png"


def opened(link):
    """The picture that a link holds."""
    kind, _, data = link.get_attribute("href").partition(",")
    assert kind.startswith("data:image/") and kind.endswith(";base64")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_control_changes_the_picture_and_undo_brings_it_back(browser):
    first = pixels(browser)
    turn(browser, "Smiling")
    changed = wait_for(lambda: pixels(browser) not in ("", first) and pixels(browser))
    assert pixels(browser, "before") == first
    button(browser, "Undo").click()
    wait_for(lambda: pixels(browser) == first)
    button(browser, "Redo").click()
    wait_for(lambda: pixels(browser) == changed)
    button(browser, "1 new face").click()
    wait_for(lambda: pixels(browser) == first)


@pytest.mark.timing
def test_change_shows_within_300_ms(browser):
    """From the key to the new face, decoded, by the browser's own clock; the least of some, as other work only adds."""
    handle = slider(browser, "Smiling")
    times = [browser.execute_async_script(TIME_OF_A_CHANGE, handle) for _ in range(9)]
    assert min(times) < 300, times


def test_divider_moves_by_mouse_and_keys_and_stays_when_the_face_changes(browser):
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    cut, moved = move_divider(browser, Keys.END)
    assert cut != moved and "100%" in moved
    divider = browser.find_element("css selector", ".facegen-divider input")
    ActionChains(browser).move_to_element_with_offset(divider, -divider.size["width"] // 4, 0).click().perform()
    clicked, _ = move_divider(browser, Keys.NULL)
    assert 22 < float(re.search(r"([\d.]+)%", clicked)[1]) < 28
    first = pixels(browser)
    turn(browser, "Young")
    wait_for(lambda: pixels(browser) not in ("", first))
    assert move_divider(browser, Keys.HOME)[0] == clicked


def test_everything_has_a_name(browser):
    """What a screen reader says of pictures and controls."""
    handles = browser.find_elements("css selector", ".facegen [role=slider]")
    wait_for(lambda: all(handle.get_attribute("aria-label") for handle in handles))
    names = {handle.get_attribute("aria-label") for handle in handles}
    assert len(names) == len(handles) and "Beard" in names and "Smiling" in names
    assert all(image.get_attribute("alt") for image in browser.find_elements("css selector", ".facegen img"))
    assert browser.find_element("css selector", ".facegen-divider input").get_attribute("aria-label")


def test_messages_come_and_go_in_one_region_that_screen_readers_watch(browser):
    regions = wait_for(lambda: browser.find_elements("css selector", ".facegen [role=status]"))
    turn(browser, "Eyeglasses")
    wait_for(lambda: "Eyeglasses" in regions[0].text)
    button(browser, "Undo").click()
    wait_for(lambda: "Eyeglasses" not in regions[0].text)
    assert browser.find_elements("css selector", ".facegen [role=status]") == regions and len(regions) == 1


def test_saved_files_are_links(browser, grey):
    upload(browser, grey)
    wait_for(lambda: "taken" in note(browser))
    turn(browser, "Smiling")
    wait_for(lambda: "Smiling" in note(browser))
    button(browser, "Save").click()
    links = wait_for(lambda: browser.find_elements("css selector", ".facegen-files a"))
    assert [Path(link.get_attribute("download")).suffix for link in links] == [".png", ".json", ".png"]
    assert opened(links[2]).size == (300, 200) and "Smiling" in opened(links[2]).info["Edited"]


def test_large_photograph_comes_in_and_goes_out(browser, tmp_path):
    """Jupyter's own settings let in 10 MB, and let out 1 MB a second."""
    noise = np.random.default_rng(0).integers(0, 256, (2_000, 2_000, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size > 11_000_000
    button(browser, "New face").click()
    wait_for(lambda: "new face" in note(browser))
    upload(browser, tmp_path / "large.png")
    wait_for(lambda: "taken" in note(browser), 60)
    button(browser, "Save").click()
    link = wait_for(lambda: "Saved" in note(browser) and browser.find_elements("css selector", ".facegen-files a"), 60)[
        2
    ]
    np.testing.assert_array_equal(opened(link), noise)


def test_webcam_takes_a_picture(browser):
    camera = browser.find_element("css selector", ".facegen-camera button")
    camera.click()
    wait_for(lambda: "Take" in camera.text)
    shown = "return document.querySelector('.facegen-camera video').videoWidth"
    wait_for(lambda: browser.execute_script(shown))
    camera.click()
    wait_for(lambda: "taken" in note(browser) or "found" in note(browser))
    assert camera.text == "Webcam" and "camera" not in note(browser)


def test_names_are_shown_as_text(browser, tmp_path):
    """The folder that the page works in, and the file that it is given, are named like an element of a page."""
    button(browser, "Save history").click()
    files = "return document.querySelector('.facegen-files')?.textContent ?? ''"  # it is there once something is saved
    wait_for(lambda: MARKUP in browser.execute_script(files))
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


@pytest.mark.parametrize("width", [800, 500])  # headless Chromium has no narrower window than 500
def test_small_windows_show_everything_and_the_status_first(browser, width):
    browser.set_window_size(width, 700)
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth + 1")
        browser.execute_script("window.scrollTo(0, 0)")
        assert place_of(browser, ".facegen-note")[3] < place_of(browser, ".facegen-pictures")[1] < 350
        assert slider(browser, "Young").is_displayed()
    finally:
        browser.set_window_size(1280, 900)


def test_small_windows_show_the_chosen_small_picture_and_do_not_leap_to_it(browser):
    row = ".facegen-gallery:not(.facegen-people)"

    def is_in_sight():
        (left, _, right, _), chosen = place_of(browser, row), place_of(browser, f"{row} .facegen-current")
        return left <= chosen[0] and chosen[2] <= right

    browser.set_window_size(500, 700)
    try:
        for name in ("Smiling", "Young", "Eyeglasses", "Male", "Smiling", "Young", "Eyeglasses", "Male"):
            turn(browser, name)
            wait_for(lambda: name in note(browser))  # noqa: B023
            wait_for(is_in_sight)
        assert browser.execute_script(f"return document.querySelector('{row}').scrollWidth") > 500
        browser.execute_script("document.querySelector('.facegen-status').scrollIntoView({block: 'center'})")
        top = place_of(browser, ".facegen-status")[1]
        assert place_of(browser, row)[1] > browser.execute_script("return window.innerHeight")
        step = int(re.search(r"Step (\d+)", note(browser))[1])
        for _ in range(6):
            browser.execute_script("arguments[0].click()", button(browser, "Undo"))
        wait_for(lambda: f"Step {step - 6} " in note(browser))
        wait_for(is_in_sight)
        assert place_of(browser, ".facegen-status")[1] == top, "the row is below, and nobody asked for it"
        browser.execute_script(f"document.querySelector('{row}').scrollLeft = 0")
        button(browser, "Redo").click()
        for width in (1280, 500):
            browser.set_window_size(width, 700)
        wait_for(is_in_sight)
    finally:
        browser.set_window_size(1280, 900)
