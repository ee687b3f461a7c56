"""What every saved page holds beside its words: pictures as data, and the hash of its script."""

import base64
import hashlib
from dataclasses import dataclass

from wkmp_lab.display.templating import render

PAGE = "display/templates/page.html.jinja"
"""The template whose macros the pages share."""


@dataclass(frozen=True, slots=True)
class SavedPicture:
    """A picture inside a page."""

    png: str
    """As base64."""
    words: str
    """What is to be seen."""
    width_px: int
    height_px: int


def hash_script() -> str:
    """What the page's policy lets run: the script of the house, and nothing that words bring in.

    >>> hash_script()[:7]
    'sha256-'
    """
    digest = hashlib.sha256(render(PAGE, "script", {}).encode()).digest()
    return f"sha256-{encode_base64(digest)}"


def encode_base64(content: bytes) -> str:
    """Bytes as a page holds them.

    >>> encode_base64(b"page")
    'cGFnZQ=='
    """
    return base64.b64encode(content).decode("ascii")
