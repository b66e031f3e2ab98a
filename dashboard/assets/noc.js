/* Paints the operations screens from one store, and keeps time: ages, freshness, clock.

   The server sends what to say, never how old it is: ages are counted here, so that a dead server
   shows. Nothing is written as HTML: only text nodes, so that no reading can become markup. */
(() => {
  "use strict";

  const FEW = 24, SOME = 160; // tiles, up to which each has its state beside its name, or its name
  const DATA_OLD = 15, FROZEN = 30, LOGIN_CHECK = 6, PULSE_SECONDS = 6;
  let board = null, pulse = null, offset = 0, answered = Date.now(), checking = 0;
  let selected = "", taking = null, going = false, asking = null;

  const $ = (query, root) => (root || document).querySelector(query);
  const all = (query, root) => [...(root || document).querySelectorAll(query)];
  const now = () => (Date.now() + offset) / 1000;
  const set = (id, props) => window.dash_clientside.set_props(id, props);

  function node(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function words() {
    const holder = $("#words");
    if (!holder) return null;
    if (!holder.words) holder.words = JSON.parse(holder.dataset.words);
    return holder.words;
  }

  const say = (key, value) => (words()?.[key] || "").replace("{}", value ?? "");

  /* --- time ------------------------------------------------------------------------------- */

  function span(seconds) {
    const s = Math.max(0, Math.floor(seconds)), nb = "\u00a0", two = (n) => String(n).padStart(2, "0");
    if (s < 60) return s + nb + "s";
    if (s < 3600) return Math.floor(s / 60) + nb + "min" + nb + two(s % 60);
    if (s < 86400) return Math.floor(s / 3600) + nb + "h" + nb + two(Math.floor((s % 3600) / 60));
    return Math.floor(s / 86400) + nb + say("day") + nb + Math.floor((s % 86400) / 3600) + nb + "h";
  }

  function clock(zone) {
    return new Intl.DateTimeFormat("fr-FR", {
      timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    }).format(now() * 1000);
  }

  function second() {
    const header = $("#top");
    if (!header || !words()) return;
    const zone = header.dataset.zone;
    write($("#clock-local"), clock(zone));
    write($("#clock-utc"), clock("UTC"));
    const data = board?.data_at ? now() - board.data_at : null;
    const screen = (Date.now() - answered) / 1000;
    badge(data, screen);
    banner(data, screen);
    all("[data-at]").forEach(grow);
    if (screen > LOGIN_CHECK) stillIn();
  }

  function badge(data, screen) {
    const place = $("#badge");
    const said = data === null ? say("no_data") : say("data_age", span(data));
    write(place, screen > 4 ? said + " · " + say("screen_age", span(screen)) : said);
    const old = data === null || data > DATA_OLD || screen > DATA_OLD;
    place.classList.toggle("old", old);
  }

  function banner(data, screen) {
    const place = $("#banner"), cause = pulse?.trouble ? " · " + pulse.trouble : "";
    const apiSilent = pulse?.trouble ? pulse.silent + screen : 0;
    const frozen = Math.max(screen, apiSilent);
    document.body.classList.toggle("frozen", frozen > FROZEN);
    let said = "";
    if (frozen > FROZEN) said = say("screen_frozen", span(frozen)) + cause;
    else if (data !== null && data > FROZEN) said = say("data_frozen", span(data)) + cause;
    else if (pulse?.trouble) said = say("trouble", pulse.trouble);
    place.hidden = !said;
    write(place, said);
  }

  function grow(element) {
    const at = Number(element.dataset.at);
    if (element.dataset.stale === undefined) {
      write(element, element.dataset.at ? span(now() - at) : say("never"));
      return;
    }
    const age = now() - at, stale = age > Number(element.dataset.stale);
    element.classList.toggle("stale", stale);
    write($(".value-age", element), stale ? say("ago", span(age)) : "");
  }

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  async function stillIn() {
    if (Date.now() - checking < 5000) return;
    checking = Date.now();
    try {
      if ((await fetch("/session", { cache: "no-store" })).status === 401) location.reload();
    } catch { /* the server is away: the badge says so */ }
  }

  /* --- painting --------------------------------------------------------------------------- */

  const paint = {
    number(cell, place) {
      place.classList.add("number");
      place.classList.toggle("unknown", cell.text === null);
      const value = node("span", "value");
      value.append(node("b", "", cell.text === null ? say("unknown") : cell.text));
      if (cell.unit && cell.text !== null) value.append("\u00a0", node("span", "unit", cell.unit));
      if (cell.stamp) value.append(" ", node("span", "stamp", cell.stamp));
      place.append(value);
      if (cell.share !== null && cell.text !== null) place.append(bar(cell.share));
      if (cell.note) place.append(node("span", "value-note", cell.note));
      if (cell.at !== null) {
        place.dataset.at = cell.at;
        place.dataset.stale = cell.stale ?? Infinity;
        place.append(node("span", "value-age"));
      }
      place.title = [cell.quality, cell.source].filter(Boolean).join(" · ");
    },
    text(cell, place) {
      const said = node(cell.href ? "a" : "span", cell.mono ? "mono" : "", cell.text);
      if (cell.href) lead(said, cell.href);
      if (cell.current) said.setAttribute("aria-current", "true");
      place.append(said);
      if (cell.stamp) place.append(" ", node("span", "stamp", cell.stamp));
      if (cell.sub) place.append(node("span", "sub", cell.sub));
    },
    mark(cell, place) { place.append(...mark(cell)); },
    age(cell, place) {
      place.dataset.at = cell.at ?? "";
    },
    deed(cell, place) {
      const button = node("button", "deed", cell.text);
      button.type = "button";
      button.setAttribute("aria-label", cell.label);
      Object.assign(button.dataset, { verb: cell.verb, id: cell.id, about: cell.about });
      place.append(button);
    },
  };

  /* Another host opens in a tab of its own and learns nothing of ours; other schemes stay shut. */
  function lead(element, href) {
    if (/^https?:\/\//.test(href)) Object.assign(element, { href, target: "_blank", rel: "noopener noreferrer" });
    else if (/^\/(?!\/)/.test(href)) element.href = href;
  }

  function mark(cell) {
    const square = node("span", "mark mark-" + cell.mark, cell.sign);
    if (cell.label && !cell.text) { square.setAttribute("role", "img"); square.setAttribute("aria-label", cell.label); }
    else if (cell.text) square.setAttribute("aria-hidden", "true");
    return cell.text ? [square, node("span", "mark-text", cell.text)] : [square];
  }

  function bar(share) {
    const track = node("span", "bar"), filled = node("i");
    filled.style.width = Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10 + "%";
    track.append(filled);
    return track;
  }

  /* Draws only what changed, so that focus and selection stay. */
  function put(cell, place) {
    const spelled = JSON.stringify(cell);
    if (place.painted === spelled) return;
    const focused = place.contains(document.activeElement);
    place.painted = spelled;
    place.replaceChildren();
    delete place.dataset.at; delete place.dataset.stale;
    place.classList.remove("stale", "unknown");
    paint[cell.kind](cell, place);
    if (focused) $("button, a", place)?.focus();
    if (place.dataset.at !== undefined) grow(place);
  }

  function rows(body, table) {
    // A table that has nothing to say, not even why, takes no room.
    body.closest(".scroll").hidden = !table.rows.length && !table.error && !table.empty;
    const span_ = body.closest("table").querySelectorAll("thead th").length;
    if (table.error || !table.rows.length) {
      const said = table.error ? say("cannot_read") + " " + table.error : table.empty;
      if (body.said === said) return;
      const line = node("tr"), cell = node("td", table.error ? "broken" : "nothing", said);
      cell.colSpan = span_;
      line.append(cell);
      body.replaceChildren(line);
      body.said = said;
      return;
    }
    if (body.said !== undefined) { body.replaceChildren(); body.said = undefined; }
    while (body.rows.length > table.rows.length) body.lastChild.remove();
    const foot = body.parentElement.tFoot ?? body.parentElement.createTFoot();
    if (foot.said !== table.left) {
      const line = node("tr"), cell = node("td", "nothing", table.left);
      cell.colSpan = span_;
      line.append(cell);
      foot.replaceChildren(...(table.left ? [line] : []));
      foot.said = table.left;
    }
    table.rows.forEach((cells, index) => {
      let line = body.rows[index];
      if (!line) { line = node("tr"); body.append(line); }
      const key = table.keys[index] ?? "";
      if (line.dataset.key !== key) {
        line.dataset.key = key;
        line.classList.toggle("fresh", Boolean(key) && recent(cells));
      }
      line.classList.toggle("selected", Boolean(key) && key === selected);
      while (line.cells.length > cells.length) line.lastChild.remove();
      cells.forEach((cell, column) => {
        if (!line.cells[column]) line.append(node("td"));
        put(cell, line.cells[column]);
      });
    });
  }

  const recent = (cells) => cells.some((cell) => cell.kind === "age" && now() - cell.at < PULSE_SECONDS)
    && cells[0].mark === "p1";

  function mosaic(place, groups) {
    const spelled = JSON.stringify(groups);
    if (place.painted === spelled) return;
    place.painted = spelled;
    const count = groups.reduce((sum, group) => sum + group.tiles.length, 0);
    place.classList.toggle("few", count <= FEW);
    place.classList.toggle("some", count > FEW && count <= SOME);
    place.replaceChildren(...groups.map((group) => {
      const line = node("div", "group"), tiles = node("div", "tiles");
      const title = node("div", "group-title", group.title);
      if (group.sub) title.append(node("span", "sub", group.sub));
      if (group.stamp) title.append(node("span", "stamp", group.stamp));
      tiles.append(...group.tiles.map((tile) => {
        const link = node("a", "mark mark-" + tile.mark + (tile.simulated ? " simulated" : ""));
        link.href = tile.href;
        link.title = tile.label;
        link.setAttribute("aria-label", tile.label);
        if (count > SOME) { link.textContent = tile.sign; link.tabIndex = -1; return link; }
        link.append(node("span", "tile-sign", tile.sign), node("span", "tile-name", tile.name));
        if (count <= FEW) link.append(node("span", "tile-state", tile.state));
        if (count <= FEW && tile.stamp) link.append(node("span", "stamp", tile.stamp));
        return link;
      }));
      line.append(title, tiles, node("div", "group-note", group.count));
      return line;
    }));
    if (count > SOME) place.setAttribute("aria-hidden", "true"); // the table below says the same
    else place.removeAttribute("aria-hidden");
  }

  function strip(place, drawn) {
    const spelled = JSON.stringify(drawn);
    if (place.painted === spelled) return;
    place.painted = spelled;
    if (drawn.error) { place.replaceChildren(node("p", "broken", say("cannot_read") + " " + drawn.error)); return; }
    const cells = node("div", "cells"), hours = node("div", "hours");
    cells.setAttribute("role", "img");
    cells.setAttribute("aria-label", drawn.label);
    cells.append(...drawn.cells.map((cell) => {
      const made = node("span", "cell mark-" + cell.mark, cell.sign);
      made.title = cell.label;
      return made;
    }));
    hours.append(...drawn.hours.map((hour) => node("span", "", hour)));
    place.replaceChildren(cells, hours);
  }

  function apply() {
    if (!board || !words() || $("#screen")?.firstElementChild?.dataset.page !== board.page) return;
    const missing = $("#missing");
    if (missing) { missing.hidden = !board.missing; write(missing, board.missing || ""); }
    $("#main").hidden = Boolean(board.missing);
    if (board.missing) return;
    all("[data-number]").forEach((place) => {
      const cell = board.numbers[place.dataset.number];
      if (cell) put(cell, place);
      const tile = place.closest("[data-tile]");
      if (tile && cell) tile.dataset.level = cell.level ?? "";
    });
    all("[data-text]").forEach((place) => write(place, board.texts[place.dataset.text] ?? ""));
    write($("#network"), board.network);
    write($("#version"), board.version);
    const fault = $("#fault");
    fault.hidden = !board.fault;
    write(fault, board.fault || "");
    all("[data-rows]").forEach((body) => {
      const table = board.tables[body.dataset.rows];
      if (!table) return;
      rows(body, table);
    });
    all("[data-optional]").forEach((panel) => {
      panel.hidden = !all("[data-rows]", panel).some(({ dataset }) => {
        const table = board.tables[dataset.rows];
        return table && (table.error || table.rows.length);
      });
    });
    $("#main").classList.toggle("simulated", Boolean(board.stamp));
    all("[data-stamp]").forEach((place) => {
      place.hidden = !board.stamp;
      write(place, board.stamp || "");
    });
    all("[data-mosaic]").forEach((place) => mosaic(place, board.mosaic));
    all("[data-strip]").forEach((place) => strip(place, board.strip));
    $("#main").classList.toggle("many", board.few === false);
    document.dispatchEvent(new CustomEvent("painted", { detail: board }));
    second();
  }

  function settle() {
    const page = $("#screen")?.firstElementChild;
    if (page) document.documentElement.lang = page.lang || "fr";
    const select = $("#period");
    if (select) select.value = page.dataset.period;
    keyboard();
    apply();
  }

  /* --- doing ------------------------------------------------------------------------------ */

  function ask(button) {
    taking = { verb: button.dataset.verb, id: button.dataset.id };
    write($("#take-about"), button.dataset.about);
    $("#take-note").value = "";
    $("#take").showModal();
    $("#take-note").focus();
  }

  function confirm() {
    if (!taking) return;
    set("deed", { data: { ...taking, note: $("#take-note").value.trim(), at: Date.now() } });
    toast(say("sending"), false);
    taking = null;
    $("#take").close();
  }

  function toast(text, bad) {
    const place = $("#toast");
    write(place, text);
    place.classList.toggle("bad", bad);
    place.hidden = !text;
    clearTimeout(place.timer);
    if (!bad) place.timer = setTimeout(() => { place.hidden = true; }, 6000);
  }

  function refresh() { set("push", { data: Date.now() }); }

  function select(step) {
    const lines = all("[data-rows='queue'] tr[data-key]").filter((line) => line.dataset.key);
    if (!lines.length) return;
    const at = lines.findIndex((line) => line.dataset.key === selected);
    const next = lines[Math.min(lines.length - 1, Math.max(0, at + step))];
    selected = next.dataset.key;
    lines.forEach((line) => line.classList.toggle("selected", line === next));
    next.scrollIntoView({ block: "nearest" });
  }

  const chosen = (query) => $(`tr.selected ${query}`);

  const keys = {
    j: () => select(1), k: () => select(-1),
    p: () => { const button = chosen("button.deed"); if (button) ask(button); },
    Enter: () => chosen("a")?.click(),
    "?": () => $("#help").showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, button, a, summary") && event.key === "Enter") return;
    if (event.target.closest("input, textarea, select")) return;
    if (localStorage.getItem("keys") === "off" && event.key !== "?") return;
    if (going) { going = false; if (event.key === "f") $("#to-fleet")?.click(); return; }
    if (event.key === "g") { going = true; setTimeout(() => { going = false; }, 1500); return; }
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='/']");
    if (link) follow(event, link);
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("deed")) ask(button);
    else if (button.id === "take-yes") confirm();
    else if (button.id === "theme") theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    else if (button.id === "keys") {
      localStorage.setItem("keys", localStorage.getItem("keys") === "off" ? "on" : "off");
      keyboard();
    } else if (button.id === "to-help") $("#help").showModal();
    else if (button.classList.contains("close")) button.closest("dialog").close();
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "period") {
      const query = new URLSearchParams(location.search);
      query.set("period", event.target.value);
      set("url", { search: "?" + query });
    }
  });

  document.addEventListener("visibilitychange", () => { if (!document.hidden && board) refresh(); });

  /* Below a path that ends with / stands the screen of each container; the root is one itself. */
  function isScreen(path) {
    const screens = $("#top").dataset.screens.split(" ");
    return screens.some((one) => one === path || (one.length > 1 && one.endsWith("/") && path.startsWith(one)));
  }

  /* Screens change in place; anything but a plain click is the browser's business. */
  function follow(event, link) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.hasAttribute("download")) return;
    const to = new URL(link.href);
    if (!isScreen(to.pathname)) return;
    event.preventDefault();
    const language = to.searchParams.get("lang"), stays = to.pathname === location.pathname;
    if (link.id === "language") { // what was chosen here since is chosen there too
      to.search = location.search;
      to.searchParams.set("lang", language);
    }
    set("url", { pathname: decodeURI(to.pathname), search: to.search, hash: "" });
    if (!stays) window.scrollTo(0, 0);
  }

  function keyboard() {
    const button = $("#keys"), on = localStorage.getItem("keys") !== "off";
    if (button) { button.setAttribute("aria-pressed", String(on)); }
  }

  function theme(name) {
    document.documentElement.dataset.theme = name;
    localStorage.setItem("theme", name);
  }

  /* Asks for what is new on this address. A question that is under way is not asked twice; the
     answer to one that was overtaken is dropped. */
  async function poll(pushed, path, query, last) {
    const what = [pushed, path, query].join(" ");
    if (asking?.what === what) return null;
    const mine = asking = { what };
    const asked = new URLSearchParams({ path, query, board: last?.board || "" });
    Object.entries(last?.versions || {}).forEach((one) => asked.append("known", one.join(":")));
    try {
      const answer = await fetch("/board?" + asked, { cache: "no-store" });
      if (answer.status === 401) stillIn();
      const said = answer.ok ? await answer.json() : null;
      return asking === mine ? said : null;
    } catch {
      return null; // the server is away: the badge says so
    } finally {
      if (asking === mine) asking = null;
    }
  }

  /* Alarms are pushed; when that fails, the screen still asks every two seconds. */
  function listen() {
    const source = new EventSource("/stream");
    source.addEventListener("changed", refresh);
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, 15000);
    };
  }

  document.documentElement.dataset.theme = localStorage.getItem("theme") || "light";
  if (/[?&]lang=en/.test(location.search)) document.documentElement.lang = "en";
  setInterval(second, 1000);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    vigie: {
      async poll(_, pushed, path, query, last) {
        const none = window.dash_clientside.no_update;
        const said = await poll(pushed, path, query || "", last);
        if (!said) return [none, none];
        const { parts, page, ...pulse } = said, whole = last?.board !== pulse.board || !last.versions;
        return [Object.keys(parts).length ? { page, whole, parts } : none, pulse];
      },
      /* Parts that did not change are not sent again. */
      paint(sent) {
        if (!sent) return window.dash_clientside.no_update;
        if (sent.whole) board = { tables: {} };
        board.page = sent.page;
        Object.entries(sent.parts).forEach(([name, part]) => {
          if (name.startsWith("tables.")) board.tables[name.slice(7)] = part;
          else board[name] = part;
        });
        apply();
        return window.dash_clientside.no_update;
      },
      beat(sent) {
        if (!sent) return window.dash_clientside.no_update;
        if (!pulse) listen();
        pulse = sent;
        offset = sent.now * 1000 - Date.now();
        answered = Date.now();
        second();
        return window.dash_clientside.no_update;
      },
      settle() {
        setTimeout(settle, 0);
        return window.dash_clientside.no_update;
      },
      outcome(sent) {
        if (sent) { toast(sent.text, sent.bad); refresh(); }
        return window.dash_clientside.no_update;
      },
    },
  });
})();
