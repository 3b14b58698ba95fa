"""A row of small pictures to click: buttons of ipywidgets, each with its picture as the background."""

import uuid

import ipywidgets as widgets

from facegen_keras.editing.divider import data_address


class Gallery:
    """`box` holds the row, `buttons` its buttons; `show` says what they show.

    Args:
        count: the most pictures.
        on_choose: called with the place of the picture that is clicked, from 0.
    """

    def __init__(self, count, on_choose):
        self.style, self.on_choose = widgets.HTML(), on_choose
        self.name = f"facegen-{uuid.uuid4().hex[:8]}"  # a notebook may show several pages
        self.buttons = [self._button(place) for place in range(count)]
        self.box = widgets.HBox([self.style, *self.buttons])
        self.box.add_class("facegen-gallery")

    def _button(self, place):
        button = widgets.Button()
        button.add_class("facegen-thumb")
        button.add_class(f"{self.name}-{place}")
        button.on_click(lambda _: self.on_choose(place))
        return button

    def show(self, images, captions, current):
        """Show PIL images with a text each, as many as there are buttons at most; `current` is the place of one."""
        rules = (
            f".{self.name}-{place} {{ background-image: url({data_address(image)}); }}"
            for place, image in enumerate(images)
        )
        self.style.value = f"<style>{''.join(rules)}</style>"
        for place, button in enumerate(self.buttons):
            is_used = place < len(images)
            button.layout.display = None if is_used else "none"
            button.description = captions[place] if is_used else ""
            (button.add_class if place == current else button.remove_class)("facegen-current")
