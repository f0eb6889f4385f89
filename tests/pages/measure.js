// Facts about the page as it is laid out now. Evaluated beside the page, whose own scripts are off.
(() => {
  const shown = (node) => node.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true });
  const aside = (node) => node.closest(".aside, .skip, .index thead") !== null;
  const name = (node) => `${node.tagName.toLowerCase()}.${node.getAttribute("class") ?? ""} "${node.textContent.trim().slice(0, 60)}"`;
  const all = [...document.body.querySelectorAll("*")];
  const width = document.documentElement.clientWidth;

  // Texts with the element they stand in.
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.data.trim() && shown(node.parentElement) && !aside(node.parentElement)
        && !node.parentElement.closest("svg > title, svg > desc")) texts.push(node);
  }
  const boxes = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter((box) => box.width > 0);
  };

  // What sticks out of the page, or of a box that hides what sticks out of it.
  const outside = [];
  for (const node of texts) {
    for (const box of boxes(node)) {
      if (box.right > width + 0.5 || box.left < -0.5) outside.push(`${name(node.parentElement)} ${box.left}..${box.right}`);
    }
  }
  const clipped = all.filter((node) => shown(node) && !aside(node) && !node.closest("svg")
    && getComputedStyle(node).overflowX !== "visible" && node.scrollWidth > node.clientWidth + 1).map(name);

  // Letters of a drawing that leave their box.
  const spilled = [];
  for (const text of document.querySelectorAll("svg text")) {
    if (!shown(text)) continue;
    const box = text.getBBox();
    const around = [...text.parentElement.querySelectorAll("rect")].map((rect) => rect.getBBox())
      .filter((rect) => rect.x <= box.x && rect.y <= box.y && rect.y + rect.height >= box.y + box.height);
    const edge = around.length ? Math.min(...around.map((rect) => rect.x + rect.width)) : 380;
    if (box.x + box.width > edge - 2) spilled.push(`${text.textContent}: ${box.x + box.width} of ${edge}`);
  }

  // Contrast by WCAG 2.
  const parse = (color) => {
    const parts = color.match(/[\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
  };
  const over = (top, below) => top.rgb.map((part, at) => part * top.alpha + below[at] * (1 - top.alpha));
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    const canvas = matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches ? [18, 18, 18] : [255, 255, 255];
    return layers.reverse().reduce((below, layer) => over(layer, below), canvas);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (text) => {
    // The smallest box drawn around a text of a drawing.
    const box = text.getBBox();
    const holds = (rect) => {
      const b = rect.getBBox();
      return b.x <= box.x && b.y <= box.y && b.x + b.width >= box.x && b.y + b.height >= box.y + box.height;
    };
    const rects = [...text.parentElement.querySelectorAll("rect")].filter(holds);
    const last = rects.sort((a, b) => b.getBBox().height - a.getBBox().height).pop();
    return last ? over(parse(getComputedStyle(last).fill), ground(text.closest("svg"))) : ground(text.closest("svg"));
  };
  const faint = new Map();
  let worst = 99;
  const weigh = (found, what) => {
    worst = Math.min(worst, found);
    if (found < 4.5) faint.set(what, found);
  };
  for (const node of texts) {
    const parent = node.parentElement;
    const style = getComputedStyle(parent);
    const drawn = parent.closest("svg") !== null;
    const below = drawn ? behind(parent) : ground(parent);
    weigh(ratio(over(parse(drawn ? style.fill : style.color), below), below), name(parent));
  }
  for (const node of document.querySelectorAll(".o, .w")) {
    if (shown(node)) weigh(ratio(parse(getComputedStyle(node, "::before").color).rgb, ground(node)), `${name(node)}::before`);
  }

  // Structure.
  const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((node) => Number(node.tagName[1]));
  const skipped = headings.filter((level, at) => level > (at ? headings[at - 1] : 0) + 1);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  const refers = [...document.querySelectorAll("[aria-labelledby], [aria-describedby]")]
    .flatMap((node) => [node.getAttribute("aria-labelledby"), node.getAttribute("aria-describedby")])
    .filter((value) => value !== null).flatMap((value) => value.split(" "));
  const links = [...document.querySelectorAll("a")].map((node) => node.getAttribute("href"));
  return {
    width, scrollWidth: document.documentElement.scrollWidth,
    outside: [...new Set(outside)], clipped: [...new Set(clipped)], spilled, worst, faint: [...faint],
    texts: texts.length,
    hidden: [...document.querySelectorAll("details *")].filter((node) => !shown(node) && !aside(node) && !node.matches("svg > title, svg > desc")).length,
    h1: headings.filter((level) => level === 1).length, skipped,
    doubled: ids.filter((id, at) => ids.indexOf(id) !== at),
    dangling: refers.filter((id) => !ids.includes(id))
      .concat(links.filter((link) => !(link.startsWith("#") && ids.includes(link.slice(1))))),
    headless: [...document.querySelectorAll("table")].filter((table) => !table.querySelector("th[scope]")).length,
    drawings: [...document.querySelectorAll("svg")].length,
    strange: all.map((node) => node.tagName.toLowerCase())
      .filter((tag) => ["script", "img", "iframe", "object", "embed", "link", "form", "style", "base", "meta"].includes(tag)),
    handlers: all.flatMap((node) => node.getAttributeNames()).filter((attribute) => attribute.startsWith("on") || attribute === "style"),
    text: document.body.textContent,
  };
})()
