/* Selects and boxes whose options come with what is painted; what is chosen goes into the address,
   so that a link carries it and the server answers it. */
(() => {
  "use strict";

  const all = (query, root) => [...(root || document).querySelectorAll(query)];

  function node(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* Calls `draw` only where what it draws has changed, so that focus stays. */
  function once(place, told, draw) {
    const spelled = JSON.stringify(told);
    if (place.painted === spelled) return;
    place.painted = spelled;
    draw();
  }

  function select(place, told) {
    once(place, told.options, () => {
      const groups = new Map();
      place.replaceChildren();
      told.options.forEach((option) => {
        const made = node("option", "", option.label);
        made.value = option.value;
        if (!option.group) { place.append(made); return; }
        if (!groups.has(option.group)) {
          const group = node("optgroup");
          group.label = option.group;
          groups.set(option.group, group);
          place.append(group);
        }
        groups.get(option.group).append(made);
      });
    });
    if (document.activeElement !== place || place.value === "") place.value = told.value;
  }

  function boxes(place, groups) {
    const name = place.dataset.picks;
    once(place, groups, () => {
      const focused = place.contains(document.activeElement) ? document.activeElement.value : null;
      place.replaceChildren(...groups.map((group) => {
        const set = node("fieldset");
        set.append(node("legend", "", group.title));
        group.options.forEach((option) => {
          const label = node("label"), box = node("input");
          Object.assign(box, { type: "checkbox", value: option.value, checked: option.checked, name });
          label.append(box, option.label);
          set.append(label);
        });
        return set;
      }));
      if (focused !== null) all("input", place).find((box) => box.value === focused)?.focus();
    });
  }

  /* What explains a figure may lie out of sight of the figure. */
  let wanted = false, explained = "";
  document.addEventListener("click", ({ target }) => {
    if (target.closest("a[href*='explain=']")) wanted = true;
  });

  function reveal(board) {
    const now = board.texts?.explained ?? "";
    if (wanted && now !== explained) {
      wanted = false;
      document.querySelector(".panel-provenance")?.scrollIntoView({ block: "nearest" });
    }
    explained = now;
  }

  document.addEventListener("painted", ({ detail: board }) => {
    reveal(board);
    all("[data-choice]").forEach((place) => {
      const told = board.choices?.[place.dataset.choice];
      if (told) select(place, told);
    });
    all("[data-picks]").forEach((place) => boxes(place, board.picks?.[place.dataset.picks] ?? []));
  });

  document.addEventListener("change", ({ target }) => {
    const query = new URLSearchParams(location.search);
    if (target.dataset.choice !== undefined) {
      if (target.value) query.set(target.dataset.choice, target.value);
      else query.delete(target.dataset.choice);
    } else if (target.closest("[data-picks]")) {
      query.delete(target.name);
      all("input:checked", target.closest("[data-picks]")).forEach((box) => query.append(target.name, box.value));
    } else return;
    window.dash_clientside.set_props("url", { search: "?" + query });
  });
})();
