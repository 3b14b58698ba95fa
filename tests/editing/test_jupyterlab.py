"""The refinement widget in JupyterLab, driven in a real browser."""

import time

import pytest
from PIL import Image

from browsing import (
    BROWSER,
    DRIVER,
    MISSING,
    PAGE,
    browse,
    move_divider,
    note,
    pixels,
    place_of,
    serve,
    turn,
    upload,
    wait_for,
    write_page,
)

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not (BROWSER and DRIVER), reason=MISSING)]

OPEN = ("--no-browser", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token=", "--LabApp.news_url=None")
KERNEL = "return document.querySelector('.jp-NotebookPanel-toolbar')?.textContent ?? ''"

PROMPT = "return document.querySelector('.jp-CodeCell .jp-InputPrompt').textContent"


def has_begun(browser):
    """Whether the cell with code runs; JupyterLab shows it late, and loses a key that is pressed while it loads."""
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.keys import Keys

    if not (cells := browser.find_elements("css selector", ".jp-CodeCell .cm-content")):
        return False
    cells[0].click()
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT).perform()
    time.sleep(1)
    return browser.execute_script(PROMPT) != "[ ]:"


def test_widget_works_in_jupyterlab(tmp_path):
    from selenium.webdriver.common.keys import Keys

    write_page(tmp_path)
    Image.new("L", (300, 200), 90).save(tmp_path / "grey.png")
    with (
        serve("-m", "jupyterlab", *OPEN, f"--ServerApp.root_dir={tmp_path}", folder=tmp_path) as address,
        browse(f"{address}lab/tree/{PAGE.name}?reset") as browser,
    ):
        wait_for(lambda: "Python 3" in browser.execute_script(KERNEL), 60)
        wait_for(lambda: has_begun(browser), 60)
        wait_for(lambda: len(pixels(browser)) > 1_000, 120)
        picture, sliders = (place_of(browser, f".facegen-{name}") for name in ("pictures", "sliders"))
        assert sliders[0] >= picture[2] and sliders[1] < picture[3], "sliders are beside the face, not below"
        first = pixels(browser)
        turn(browser, "Smiling")
        wait_for(lambda: pixels(browser) not in ("", first))
        cut, moved = move_divider(browser, Keys.END)
        assert cut != moved and "100%" in moved
        upload(browser, tmp_path / "grey.png")
        wait_for(lambda: "taken" in note(browser))
