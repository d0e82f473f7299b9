// <portaria-login return-to="…" lang="…"></portaria-login>: one button a way in, in any page.
// Colours follow the page's color-scheme; --portaria-radius and --portaria-gap change the shape.
(() => {
  const origin = new URL(document.currentScript.src).origin;
  const labels = LABELS;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: block; container-type: inline-size; font: 400 1rem/1.3 system-ui, sans-serif; }
    :host([hidden]) { display: none; }
    ul { display: grid; gap: var(--portaria-gap, .75rem); margin: 0; padding: 0; list-style: none; }
    a { display: flex; align-items: center; gap: .75rem; box-sizing: border-box; min-height: 3.5rem; padding: .5rem 1rem;
      border: 1px solid light-dark(#8c929c, #656b76); border-radius: var(--portaria-radius, .625rem);
      background: light-dark(#fff, #101114); color: light-dark(#14161a, #eef0f3); font-weight: 600; text-decoration: none; }
    a:hover { border-color: currentColor; box-shadow: 0 0 0 1px; }
    a:focus-visible { outline: 3px solid; outline-offset: 2px; }
    a > span { min-width: 0; overflow-wrap: anywhere; }
    img, i { flex: none; width: 2rem; height: 2rem; border-radius: .5rem; object-fit: contain; }
    img { background: #fff; }
    i { display: grid; place-items: center; font-style: normal; background: light-dark(#f5f6f7, #191b1f); }
    @container (min-width: 40rem) { ul { grid-template-columns: 1fr 1fr; } }
    @media (forced-colors: active) { a { border-color: LinkText; } }`);

  const make = (name, set, ...inside) => {
    const element = Object.assign(document.createElement(name), set);
    element.append(...inside);
    return element;
  };

  class PortariaLogin extends HTMLElement {
    static observedAttributes = ["return-to", "lang"];
    #root = this.attachShadow({ mode: "open" });
    #providers = null;

    async connectedCallback() {
      this.#root.adoptedStyleSheets = [sheet];
      try {
        const answer = await fetch(origin + "/providers");
        this.#providers = (await answer.json()).providers;
      } catch {
        this.#providers = []; // The login page itself is still a way in.
      }
      this.#draw();
    }

    attributeChangedCallback() {
      if (this.#providers) this.#draw();
    }

    #draw() {
      const wished = (this.closest("[lang]")?.lang || navigator.language).toLowerCase();
      const codes = Object.keys(labels);
      const code = codes.find(c => c.toLowerCase() === wished) || codes.find(c => c.slice(0, 2) === wished.slice(0, 2)) || "en";
      const [label, title] = labels[code];
      const link = (login, ...inside) => {
        const address = new URL(login, origin);
        address.searchParams.set("return_to", this.getAttribute("return-to") || location.href);
        return make("li", {}, make("a", { href: address.href }, ...inside));
      };
      const items = this.#providers.map(({ name, logo, login }) => {
        const mark = logo ? make("img", { src: logo, alt: "" }) : make("i", { ariaHidden: "true" }, [...name][0].toUpperCase());
        return link(login, mark, make("span", {}, label.replace("{name}", () => name)));
      });
      if (!items.length) items.push(link("/login", title));
      this.#root.replaceChildren(make("ul", { lang: code, role: "list" }, ...items));
    }
  }
  customElements.get("portaria-login") || customElements.define("portaria-login", PortariaLogin);
})();
