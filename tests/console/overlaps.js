// Which texts and controls of a page lie on each other. The page is at its top;
// while a window is open, only what is in it is looked at.
() => {
  const CONTROLS = "a, button, input, select, textarea, [role=tab], [role=combobox]";
  const SHARE_OF_LINE = 0.2; // the boxes of two lines of text may touch, their letters may not
  const PIXELS = 2;
  const windows = document.querySelectorAll("[role=dialog]");
  const root = windows[windows.length - 1] ?? document.body;

  const isShown = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  const clipped = (element, box) => {
    let { left, top, right, bottom } = box;
    for (let each = element; each && each !== document.body; each = each.parentElement) {
      if (getComputedStyle(each).overflow === "visible") continue;
      const edge = each.getBoundingClientRect();
      left = Math.max(left, edge.left);
      top = Math.max(top, edge.top);
      right = Math.min(right, edge.right);
      bottom = Math.min(bottom, edge.bottom);
    }
    return { left, top, right, bottom };
  };

  const boxes = [];
  const add = (element, box, name) => {
    const { left, top, right, bottom } = clipped(element, box);
    if (right - left > PIXELS && bottom - top > PIXELS) {
      boxes.push({ element, name, left, top, right, bottom });
    }
  };

  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const element = node.parentElement;
    if (node.data.trim() === "" || !isShown(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      const trim = box.height * SHARE_OF_LINE;
      const letters = {
        left: box.left,
        right: box.right,
        top: box.top + trim,
        bottom: box.bottom - trim,
      };
      add(element, letters, node.data.trim().slice(0, 40));
    }
  }
  for (const element of root.querySelectorAll(CONTROLS)) {
    if (!isShown(element)) continue;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    const isField = element.matches("input, select, textarea");
    const inner = isField
      ? {
          left: box.left + parseFloat(style.paddingLeft),
          right: box.right - parseFloat(style.paddingRight),
          top: box.top,
          bottom: box.bottom,
        }
      : box;
    const name = element.getAttribute("aria-label") ?? element.innerText ?? "";
    add(element, inner, `<${element.tagName.toLowerCase()}> ${name.trim().slice(0, 40)}`);
  }

  const found = [];
  for (const [index, one] of boxes.entries()) {
    for (const other of boxes.slice(index + 1)) {
      if (one.element.contains(other.element) || other.element.contains(one.element)) continue;
      const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (width > PIXELS && height > PIXELS) {
        found.push(`${one.name} / ${other.name}: ${Math.round(width)} x ${Math.round(height)} px`);
      }
    }
  }
  return found;
};
