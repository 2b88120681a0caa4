// Filters, sorts, moves between what already stands on the page, and opens a quote in its text.
// But for that text the page is whole without it.
(() => {
  "use strict";
  document.documentElement.classList.add("live");

  const words = (text) => text.toLowerCase().normalize("NFKC");
  const collate = new Intl.Collator("en", { numeric: true }).compare;

  // A toolbar and the list that it filters and orders.
  const serve = (bar) => {
    const list = document.getElementById(bar.dataset.for);
    const items = Array.from(list.children, (node, at) => ({
      node,
      at,
      level: node.dataset.level,
      proof: node.dataset.proof,
      state: node.dataset.state,
      documents: node.dataset.documents.split(" "),
      title: words(node.querySelector("h3 bdi").textContent),
      text: null, // lower-cased when it is first searched
    }));
    const field = (name) => bar.querySelector(`[name="${name}"]`);
    const value = (name) => (field(name) ? field(name).value : "");
    const tally = bar.querySelector(".tally");
    let order = "";

    const sort = () => {
      if (value("order") === order) return;
      order = value("order");
      const by = {
        "": () => 0,
        documents: (a, b) => Number(a.documents[0] || Infinity) - Number(b.documents[0] || Infinity),
        title: (a, b) => collate(a.title, b.title),
      }[order];
      // Infinity - Infinity is NaN, which is falsy: then the original order decides.
      list.append(...items.slice().sort((a, b) => by(a, b) || a.at - b.at).map((item) => item.node));
    };

    const filter = () => {
      const levels = new Set(Array.from(bar.querySelectorAll("[name=level]:checked"), (box) => box.value));
      const chosen = value("document");
      const proof = value("proof");
      const state = value("state");
      const wanted = words(value("text")).split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const item of items) {
        if (wanted.length && item.text === null) item.text = words(item.node.textContent);
        const keep =
          (!item.level || levels.has(item.level)) &&
          (!chosen || item.documents.includes(chosen)) &&
          (!proof || item.proof === proof) &&
          (!state || item.state === state) &&
          wanted.every((word) => item.text.includes(word));
        item.node.hidden = !keep;
        shown += keep;
      }
      const all = shown === items.length;
      tally.textContent = all
        ? `${items.length.toLocaleString("en")} ${bar.dataset.what}`
        : `${shown.toLocaleString("en")} of ${items.length.toLocaleString("en")} ${bar.dataset.what} shown`;
      bar.classList.toggle("narrowed", !all);
    };

    const reset = () => {
      for (const box of bar.querySelectorAll("[name=level]")) box.checked = true;
      for (const input of bar.querySelectorAll("select, [name=text]")) input.value = "";
      sort();
      filter();
    };

    const move = (by) => {
      const seen = Array.from(list.children).filter((node) => !node.hidden);
      const from = seen.findIndex((node) => node.contains(document.activeElement));
      const next = seen[from < 0 ? 0 : Math.min(seen.length - 1, Math.max(0, from + by))];
      if (next) {
        next.focus();
        next.scrollIntoView({ block: "nearest" });
      }
    };

    let waiting = 0;
    bar.addEventListener("input", (event) => {
      clearTimeout(waiting);
      waiting = setTimeout(() => (sort(), filter()), event.target.name === "text" ? 120 : 0);
    });
    // Keys count only while the focus is in the toolbar or the list (WCAG 2.1.4).
    bar.addEventListener("keydown", (event) => {
      if (event.target.name !== "text") return;
      if (event.key === "ArrowDown") move(0);
      else if (event.key === "Escape") reset();
      else return;
      event.preventDefault();
    });
    list.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "j") move(1);
      else if (event.key === "k") move(-1);
      else if (event.key === "/") field("text").focus();
      else if (event.key === "o") {
        const card = event.target.closest("article");
        const button = card && card.querySelector("button.open");
        if (button) button.click();
      }
      else return;
      event.preventDefault();
    });
    bar.hidden = false;
    filter();
    return { list, reset };
  };

  const served = Array.from(document.querySelectorAll(".toolbar[data-for]"), serve);

  // A link may lead to what a filter or a closed fold hides.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    for (const { list, reset } of served) if (target.hidden && list.contains(target)) reset();
    const fold = target.closest("details");
    if (fold) fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  if (location.hash) reveal();

  // Tables: a click on a column's head sorts by it, a second one turns the order round.
  const sortable = (table) => {
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const number = head.classList.contains("number");
        const key = (row) => {
          const cell = row.cells[column];
          const text = (cell.dataset.sort || cell.textContent).trim();
          return number ? Number(text.replaceAll(",", "")) : words(text);
        };
        const rows = Array.from(table.tBodies[0].rows, (row) => [key(row), row]);
        rows.sort(([a], [b]) => (number ? a - b : collate(a, b)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows.map(([, row]) => row));
      });
    });
  };
  document.querySelectorAll("table.sortable").forEach(sortable);

  // The overview: only some of its documents.
  const narrow = (bar) => {
    const rows = Array.from(document.getElementById(bar.dataset.rows).tBodies[0].rows, (node) => ({
      node,
      name: words(node.cells[0].textContent),
      raised: Array.from(node.cells).some((cell) => cell.dataset.sort && Number(cell.dataset.sort) < 4),
    }));
    const tally = bar.querySelector(".tally");
    const filter = () => {
      const wanted = words(bar.querySelector("[name=text]").value).split(/\s+/).filter(Boolean);
      const only = bar.querySelector("[name=raised]").checked;
      let shown = 0;
      for (const row of rows) {
        const keep = (!only || row.raised) && wanted.every((word) => row.name.includes(word));
        row.node.hidden = !keep;
        shown += keep;
      }
      tally.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} documents shown`;
      bar.classList.toggle("narrowed", shown !== rows.length);
    };
    bar.addEventListener("input", filter);
    bar.hidden = false;
  };
  document.querySelectorAll(".toolbar[data-rows]").forEach(narrow);

  // The evidence viewer: a quote where it stands in its document.
  const viewer = document.getElementById("viewer");
  const pane = document.getElementById("viewer-text");
  const REACH = 400; // lines shown before and after a quote, of very long excerpts
  let sources = null; // parsed when it is first needed
  let current = null;

  const buttons = () =>
    Array.from(document.querySelectorAll("main button.open")).filter((b) => !b.closest("[hidden]"));

  const place = (button) => {
    sources = sources || JSON.parse(document.getElementById("sources").textContent);
    const [at, start, end] = button.dataset.at.split(" ").map(Number);
    const { path, line, text } = sources[at];
    const figure = button.closest("figure");
    document.getElementById("viewer-title").textContent = path;
    document.getElementById("viewer-place").textContent = figure.querySelector(".where").textContent;
    const lines = [];
    let first = 0;
    text.split("\n").forEach((words, n) => {
      lines.push({ number: line + n, first, words });
      first += words.length + 1;
    });
    const from = lines.findIndex((row) => row.first + row.words.length >= start);
    let to = lines.findIndex((row) => row.first + row.words.length >= end);
    if (to < 0) to = lines.length - 1;
    pane.replaceChildren(
      ...lines.slice(Math.max(0, from - REACH), to + REACH).map((row) => {
        const div = document.createElement("div");
        div.className = "row";
        div.dataset.number = row.number;
        const cut = (n) => Math.min(row.words.length, Math.max(0, n - row.first));
        const [a, b] = [cut(start), cut(end)];
        if (b > a) {
          const mark = document.createElement("mark");
          mark.textContent = row.words.slice(a, b);
          div.append(row.words.slice(0, a), mark, row.words.slice(b));
        } else div.textContent = row.words;
        return div;
      }),
    );
    current = button;
    if (!viewer.open) viewer.showModal();
    pane.focus();
    const mark = pane.querySelector("mark");
    if (mark) mark.scrollIntoView({ block: "center" });
  };

  const step = (by) => {
    const all = buttons();
    const next = all[(all.indexOf(current) + by + all.length) % all.length];
    if (next) place(next);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (button) place(button);
  });
  document.getElementById("viewer-previous").addEventListener("click", () => step(-1));
  document.getElementById("viewer-next").addEventListener("click", () => step(1));
  document.getElementById("viewer-close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") step(1);
    else if (event.key === "p") step(-1);
    else return;
    event.preventDefault();
  });
  viewer.addEventListener("close", () => {
    pane.replaceChildren();
    if (!current) return;
    const fold = current.closest("details");
    if (fold) fold.open = true;
    current.focus();
  });

  // Folds open for printing, and close again afterwards.
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("details:not([open])")) {
      fold.open = true;
      fold.dataset.printed = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const fold of document.querySelectorAll("details[data-printed]")) {
      fold.open = false;
      delete fold.dataset.printed;
    }
  });

  const save = document.getElementById("save");
  save.parentElement.hidden = false;
  save.addEventListener("click", () => {
    const data = document.getElementById("report").textContent;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([data], { type: "application/json" }));
    link.download = "report.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
})();
