"""What every saved page holds beside its words: bytes as data, and the hash of its script."""

import base64
import hashlib

from wkmp_lab.display.templating import render

PAGE = "display/templates/page.html.jinja"
"""The template whose macros the pages share."""


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
