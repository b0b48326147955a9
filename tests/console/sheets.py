"""Contact sheets: the pictures of all pages in one colour scheme and width, on one picture."""

from __future__ import annotations

import html
from pathlib import Path

from playwright.sync_api import Browser

COLUMNS_WIDTH_PX = {390: 260, 1024: 480, 1920: 640}
COLUMNS = 4
GAP_PX = 16
STYLE = (
    "body{{margin:{gap}px;columns:{columns};column-gap:{gap}px;font:14px sans-serif;"
    "background:#777;color:#fff}}"
    "figure{{margin:0 0 {gap}px;break-inside:avoid}}img{{width:100%;display:block}}"
)


def write_sheets(browser: Browser, directory: Path, schemes: tuple[str, ...]) -> None:
    """Lay a sheet beside the pictures `NAME-SCHEME-WIDTH.png` for each scheme and width."""
    for scheme in schemes:
        for width, column_px in COLUMNS_WIDTH_PX.items():
            pictures = sorted(directory.glob(f"*-{scheme}-{width}.png"))
            _write_sheet(browser, directory / f"sheet-{scheme}-{width}", pictures, column_px)


def _write_sheet(browser: Browser, sheet: Path, pictures: list[Path], column_px: int) -> None:
    figures = [
        f'<figure><img src="{path.name}"><figcaption>{html.escape(path.stem)}</figcaption></figure>'
        for path in pictures
    ]
    style = STYLE.format(gap=GAP_PX, columns=COLUMNS)
    page_file = sheet.with_suffix(".html")
    page_file.write_text(f"<!doctype html><style>{style}</style>{''.join(figures)}", "utf-8")
    window_px = COLUMNS * (column_px + GAP_PX) + GAP_PX
    page = browser.new_page(viewport={"width": window_px, "height": 1200})
    page.goto(page_file.as_uri())
    page.screenshot(path=sheet.with_suffix(".png"), full_page=True)
    page.close()
