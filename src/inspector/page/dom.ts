/** An element with properties and children. Text is only ever text: what people wrote is never read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** A button. */
export function button(label: string, onClick: () => unknown, className = ""): HTMLButtonElement {
  const made = element("button", className, label);
  made.type = "button";
  made.addEventListener("click", (event) => {
    event.stopPropagation();
    onClick();
  });
  return made;
}

/** An element of the page. */
export function find(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no #${id}`);
  return found;
}

/** Sets a text, unless it is there already: then nothing has to be laid out again. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** How many levels of a tree are open at first. */
const OPEN_LEVELS = 3;

/** A JSON value as a tree that opens and closes. */
export function tree(value: unknown, key = "", level = 0): HTMLElement {
  const label = key === "" ? [] : [element("span", "key", key), ": "];
  if (typeof value !== "object" || value === null) {
    const kind = typeof value === "string" ? "text" : "value";
    return element("div", "leaf", ...label, element("span", kind, JSON.stringify(value) ?? "undefined"));
  }
  const entries = Object.entries(value);
  const brackets = Array.isArray(value) ? `[${entries.length}]` : entries.length === 0 ? "{}" : "{…}";
  const details = element("details");
  details.open = level < OPEN_LEVELS;
  details.append(
    element(
      "summary",
      "",
      ...label,
      element("span", key === "" || Array.isArray(value) ? "faint" : "faint braces", brackets),
    ),
  );
  const inner = element("div");
  details.append(inner);
  const fill = () => {
    if (inner.childElementCount === 0) {
      inner.append(...entries.map(([name, each]) => tree(each, name, level + 1)));
    }
  };
  if (details.open) fill();
  else details.addEventListener("toggle", fill, { once: true }); // what is deep is made when it is looked at
  return details;
}
