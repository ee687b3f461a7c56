// Elements of a page. Words go in as text, never as HTML: tags and file names are hostile.

const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
};

/** An element with attributes, of which `text` is what it says, and with children. */
export function make(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A picture of a button; it says nothing by itself. */
export function makeIcon(shape) {
  const icon = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  icon.setAttribute("viewBox", "0 0 16 16");
  icon.setAttribute("aria-hidden", "true");
  path.setAttribute("d", SHAPES[shape]);
  icon.append(path);
  return icon;
}

/** Let an icon show another shape. */
export function setIcon(icon, shape) {
  icon.firstChild.setAttribute("d", SHAPES[shape]);
}

/** Set what an element says, where that is something else. */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** Set an attribute where it has another value; null takes it away. */
export function set(element, name, value) {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** A function that calls another once nothing has been asked for `ms`. */
export function calm(act, ms) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), ms);
  };
}

/** A number with its noun: "1 passage", "50,000 passages". */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** The numbers in a buffer that has come with a message, which may begin anywhere. */
export function unpack(Kind, view) {
  const start = view.byteOffset;
  return new Kind(view.buffer.slice(start, start + view.byteLength));
}
