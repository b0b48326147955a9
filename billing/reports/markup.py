"""Trees of markup, so that every text is escaped when it is written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, tostring

Child = Element | str


def element(tag: str, attributes: Mapping[str, str] | None = None, *children: Child) -> Element:
    """An element with children in order; strings become its text."""
    made = Element(tag, dict(attributes or {}))
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + child
        else:
            last.tail = (last.tail or "") + child
    return made


def to_html(tree: Element) -> str:
    """Write a tree as HTML; texts are escaped but for those of style elements."""
    return tostring(tree, encoding="unicode", method="html")


def to_xml(tree: Element) -> str:
    """Write a tree as XML."""
    return tostring(tree, encoding="unicode", method="xml")
