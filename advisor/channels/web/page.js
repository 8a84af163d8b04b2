// What the page does in the browser: opens passages, passes button presses on to Gradio, keeps the address current.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);

  const type = (selector, text) => {
    const field = $(`${selector} textarea, ${selector} input`);
    const proto = field.tagName === "TEXTAREA" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
    Object.getOwnPropertyDescriptor(proto, "value").set.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  // Gradio takes a moment to hear of what was typed by script.
  const submit = (field, text, button) => { type(field, text); setTimeout(() => $(button)?.click(), 60); };
  const tell = (event) => submit("#bridge", JSON.stringify(event), "#pressed");

  const announcer = () => {
    let node = $("#announcer");
    if (!node) {
      node = Object.assign(document.createElement("div"), { id: "announcer", className: "sr-only" });
      node.setAttribute("aria-live", "polite");
      document.body.append(node);
    }
    return node;
  };
  const announce = (text) => { if (announcer().textContent !== text) announcer().textContent = text; };

  let opener = null;
  const panel = () => {
    let node = $("#passage");
    if (!node) {
      node = Object.assign(document.createElement("aside"), { id: "passage", hidden: true });
      node.setAttribute("role", "dialog");
      node.setAttribute("aria-labelledby", "passage-title");
      $(".gradio-container").append(node);
    }
    return node;
  };
  const closePanel = () => {
    if (panel().hidden) return;
    panel().hidden = true;
    document.querySelectorAll('[data-cite][aria-expanded="true"]').forEach((b) => b.removeAttribute("aria-expanded"));
    if (opener && opener.isConnected) opener.focus();
  };
  const openPassage = async (button) => {
    const answer = button.closest("[data-answer]");
    if (!answer) return;
    closePanel();
    opener = button;
    button.setAttribute("aria-expanded", "true");
    const close = '<button type="button" class="close" aria-label="Close the source">✕</button>';
    try {
      const response = await fetch(`ui/passage/${encodeURIComponent(answer.dataset.answer)}/${button.dataset.cite}`);
      if (!response.ok) throw new Error();
      panel().innerHTML = close + (await response.text());
    } catch {
      panel().innerHTML = `${close}<h2 id="passage-title" tabindex="-1">This source could not be opened</h2><p>The server did not answer. Try again.</p>`;
    }
    panel().hidden = false;
    panel().scrollTop = 0;
    $("#passage-title").focus({ preventScroll: true });
    const mark = $("#quote", panel());
    if (mark && mark.offsetTop + mark.offsetHeight > panel().clientHeight)
      panel().scrollTop = mark.offsetTop - panel().clientHeight / 3;
  };

  const copy = async (article) => {
    const sources = [...article.querySelectorAll(".sources .source")].map((s) => s.innerText.replace(/\n+/g, " "));
    const text = $(`[data-answer="${article.dataset.answer}"] .answer`).innerText + (sources.length ? `\n\nSources\n${sources.join("\n")}` : "");
    try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
  };

  const ask = (text) => {
    document.body.classList.remove("show-rail", "show-about");
    submit("#question", text, "#send");
  };

  const showFact = (field, item) => {
    document.body.classList.add("show-about");
    const label = $("#facts .label-wrap, #facts button");
    if (label && !label.classList.contains("open")) label.click();
    setTimeout(() => {
      const input = $(`#f-${field}${item && field === "team" ? `-${item}` : ""} :is(input, textarea)`);
      (input || $("#facts input"))?.focus();
    }, 120);
  };

  const presses = {
    open: (d) => {
      if ($("#stop")?.offsetParent) $("#stop").click();  // an answer still being written belongs to the page we leave
      document.body.classList.remove("show-rail"); tell({ do: "open", id: d.id });
    },
    rename: (d) => {
      const title = prompt("A new name for this conversation", d.title);
      if (title && title.trim()) tell({ do: "rename", id: d.id, title: title.trim() });
    },
    delete: (d) => { if (confirm(`Delete “${d.title}” with all its answers?`)) tell({ do: "delete", id: d.id }); },
    vote: (d) => tell({ do: "vote", id: d.id, value: d.value }),
    remove: (d) => tell({ do: "remove", field: d.field, item: d.item }),
    edit: (d) => showFact(d.field, d.item),
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { cite, ask: question, do: press, copy: copying, toggle } = button.dataset;
    if (cite) openPassage(button);
    else if (question) ask(question);
    else if (press) presses[press]?.(button.dataset);
    else if (copying !== undefined) {
      button.textContent = (await copy(button.closest("[data-answer]"))) ? "Copied" : "Could not copy";
      setTimeout(() => (button.textContent = "Copy"), 1800);
    } else if (toggle) {
      const open = document.body.classList.toggle(`show-${toggle}`);
      document.body.classList.remove(toggle === "rail" ? "show-about" : "show-rail");
      document.querySelectorAll("[data-toggle]").forEach((b) =>
        b.setAttribute("aria-expanded", String(open && b === button)));
    } else if (button.classList.contains("close")) closePanel();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    closePanel();
    document.body.classList.remove("show-rail", "show-about");
  });

  let answered = "";
  const follow = () => {
    const status = $("#live [data-announce]");
    if (status) announce(status.textContent);
    const latest = $("#live [data-latest]");
    const conversation = latest?.dataset.conversation || $("#here [data-here]")?.dataset.here || "";
    if (!status && ($("#live .welcome") || latest)) {
      const url = new URL(location.href);
      conversation ? url.searchParams.set("c", conversation) : url.searchParams.delete("c");
      if (url.href !== location.href) history.replaceState(null, "", url);
    }
    if (latest && latest.dataset.answer !== answered) {
      if (answered || $("#history .turn")) announce(`Answer ready, ${document.querySelectorAll("#after .source").length} sources.`);
      answered = latest.dataset.answer;
    }
    // A new question is brought to the top of the window once, then the reader scrolls.
    const asked = $('#live [aria-busy="true"] .question');
    if (asked && asked.textContent !== follow.asked) { follow.asked = asked.textContent; asked.scrollIntoView({ block: "start" }); }
    if (!asked) follow.asked = null;
    const item = $("#assess-question [data-item]");
    if (item && item.textContent !== follow.item) { if (follow.item) announce(item.textContent); follow.item = item.textContent; }
    const field = $("#question textarea");
    if (field && !field.getAttribute("aria-label")) field.setAttribute("aria-label", "Your question");
  };
  new MutationObserver(follow).observe(document.documentElement, { childList: true, subtree: true });
})();
