// <portaria-login>: who is signed in, and otherwise the login buttons, in any page of the store. docs/storefront.md explains the attributes and events.
// Colours follow the page's color-scheme; --portaria-radius and --portaria-gap change the shape.
(() => {
  const origin = ORIGIN;
  const labels = LABELS;
  // Drawn anew, so that no other page has a window of this name already.
  const popupName = "portaria-" + crypto.getRandomValues(new Uint32Array(2)).join("");
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: block; container-type: inline-size; font: 400 1rem/1.3 system-ui, sans-serif; }
    :host([hidden]) { display: none; }
    ul { display: grid; gap: var(--portaria-gap, .75rem); margin: 0; padding: 0; list-style: none; }
    a, button, div { display: flex; align-items: center; gap: .75rem; box-sizing: border-box; min-height: 3.5rem; padding: .5rem 1rem;
      border: 1px solid light-dark(#8c929c, #656b76); border-radius: var(--portaria-radius, .625rem);
      background: light-dark(#fff, #101114); color: light-dark(#14161a, #eef0f3); font: 600 1rem/1.3 system-ui, sans-serif; text-decoration: none; }
    a:hover, button:hover { border-color: currentColor; box-shadow: 0 0 0 1px; }
    a:focus-visible, button:focus-visible, div:focus-visible { outline: 3px solid; outline-offset: 2px; }
    span { flex: 1; min-width: 0; overflow-wrap: anywhere; }
    small { display: block; font-weight: 400; font-size: .875rem; color: light-dark(#4d535d, #b4bac4); }
    img, i { flex: none; width: 2rem; height: 2rem; border-radius: .5rem; object-fit: contain; }
    img { background: #fff; }
    i { display: grid; place-items: center; font-style: normal; background: light-dark(#f5f6f7, #191b1f); }
    div { flex-wrap: wrap; }
    div span { flex: 1 1 12rem; }
    div :is(a, button) { min-height: 2.75rem; cursor: pointer; }
    @container (min-width: 40rem) { ul { grid-template-columns: 1fr 1fr; } }
    @media (forced-colors: active) { a { border-color: LinkText; } }`);

  const make = (name, set, ...inside) => {
    const element = Object.assign(document.createElement(name), set);
    element.append(...inside);
    return element;
  };

  const ask = async (path, options) => {
    const answer = await fetch(origin + path, options);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  };

  const withReturn = (login, back) => {
    const address = new URL(login, origin);
    address.searchParams.set("return_to", back);
    return address.href;
  };

  class PortariaLogin extends HTMLElement {
    static observedAttributes = ["return-to", "lang", "mode", "providers", "signed-in"];
    #root = this.attachShadow({ mode: "open" });
    #offer = null;
    #last = null;
    #session = null;
    #connection = null;
    #popup = null;

    // Who is signed in, as /session says; null if no one is. A page that learns it in another manner may set it.
    get session() { return this.#session; }

    set session(session) {
      this.#session = session?.authenticated === false ? null : session;
      this.#draw();
    }

    async connectedCallback() {
      this.#root.adoptedStyleSheets = [sheet];
      this.#connection = new AbortController();
      const [offer, session] = await Promise.allSettled([ask("/providers"), this.getAttribute("signed-in") === "ignore" ? null : this.#who()]);
      // Without the list, the login page itself is still offered.
      this.#offer = [...(offer.value?.providers || []), ...(offer.value?.ways || [])];
      if (session.value) this.#session = session.value;
      this.#draw();
      if (offer.reason) this.#dispatch("error", { message: offer.reason.message });
      if (!this.isConnected) return;
      this.#dispatch("session", { session: this.#session });
      if (this.hasAttribute("one-tap") && !this.#session && window.IdentityCredential) this.#oneTap(this.#connection.signal);
    }

    disconnectedCallback() {
      this.#connection?.abort();
      this.#popup?.abort();
    }

    attributeChangedCallback() {
      this.#draw();
    }

    // A guest is no error (guest=200): browsers note each status 401 in the console.
    async #who() {
      const answer = await ask("/session?guest=200", { credentials: "include", cache: "no-store" });
      this.#last = answer.last || this.#last;
      return answer.authenticated ? answer : null;
    }

    #dispatch(name, detail) {
      this.dispatchEvent(new CustomEvent("portaria-" + name, { detail, bubbles: true, composed: true }));
    }

    #back() {
      try {
        return new URL(this.getAttribute("return-to") || location.href, document.baseURI).href;
      } catch {
        return location.href;
      }
    }

    #language() {
      const wished = (this.closest("[lang]")?.lang || navigator.language).toLowerCase();
      const codes = Object.keys(labels);
      return codes.find(c => c.toLowerCase() === wished) || codes.find(c => c.slice(0, 2) === wished.slice(0, 2)) || "en";
    }

    #draw() {
      if (!this.#offer) return;
      const code = this.#language(), signedIn = this.getAttribute("signed-in");
      if (this.#session && signedIn !== "ignore") this.#root.replaceChildren(...(signedIn === "hide" ? [] : [this.#person(code)]));
      else this.#root.replaceChildren(this.#buttons(code));
    }

    #person(code) {
      const { title, account, out } = labels[code], { name, email } = this.#session;
      const form = make("form", { method: "post", action: origin + "/logout" },
        make("input", { type: "hidden", name: "return_to", value: location.href.split("#")[0] }), make("button", {}, out));
      return make("div", { lang: code, tabIndex: -1 },
        make("span", {}, make("small", {}, title), name || email || ""), make("a", { href: origin + "/account" }, account), form);
    }

    #buttons(code) {
      const words = labels[code], only = (this.getAttribute("providers") || "").split(/[\s,]+/).filter(Boolean);
      const item = (login, ...inside) => make("li", {}, make("a", { href: withReturn(login, this.#back()), onclick: event => this.#click(event, login) }, ...inside));
      const offered = this.#offer.filter(({ id }) => !only.length || only.includes(id)).sort((a, b) => (b.id === this.#last) - (a.id === this.#last));
      const items = offered.map(({ id, name, logo, login }) => {
        const label = name ? words.with.replace("{name}", () => name) : words[id];
        if (!label) return;
        const mark = logo ? make("img", { src: logo, alt: "" }) : make("i", { ariaHidden: "true" }, name ? [...name][0].toUpperCase() : "@");
        return item(login, mark, make("span", {}, label, ...(id === this.#last ? [make("small", {}, words.last)] : [])));
      }).filter(Boolean);
      return make("ul", { lang: code, role: "list" }, ...(items.length ? items : [item("/login", make("span", {}, words.login))]));
    }

    // The window opens in the click itself, or browsers block it. Where they do, the link leads to the login as if there were no popup.
    #click(event, login) {
      if (this.getAttribute("mode") !== "popup" || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const back = this.#back();
      const popup = open(withReturn(login, withReturn("/session/popup", back)), popupName, "popup,width=480,height=720");
      if (!popup) return;
      event.preventDefault();
      this.#popup?.abort();
      this.#popup = new AbortController();
      this.#wait(popup, this.#popup, this.#session?.issuedAt);
    }

    // The last page of the popup says how it ended. It cannot where a page of the provider has cut the tie to its opener (which then looks as if
    // the window were closed), so the session is asked for as well, when this page has the focus again.
    #wait(popup, waiting, before) {
      const { signal } = waiting;
      let closed = 0, cancelled = false;
      const look = async () => {
        if (closed < 2 || document.hidden) return;
        const session = await this.#who().catch(() => null);
        if (signal.aborted) return;
        if (session && session.issuedAt !== before) return this.#arrived(waiting, session);
        if (!cancelled) this.#dispatch("cancelled");
        cancelled = true;
      };
      const timer = setInterval(() => {
        closed = popup.closed ? closed + 1 : 0;
        if (closed === 2 && document.hasFocus()) look();
      }, 400);
      signal.addEventListener("abort", () => clearInterval(timer));
      addEventListener("focus", look, { signal });
      document.addEventListener("visibilitychange", look, { signal });
      addEventListener("message", async ({ origin: from, source, data }) => {
        if (from !== origin || source !== popup || !data?.portaria) return;
        clearInterval(timer);
        popup.close();
        if (data.portaria !== "signed-in") {
          waiting.abort();
          return this.#dispatch("cancelled");
        }
        const landing = new URL(data.landing).searchParams;
        if (landing.has("portaria_error")) this.#dispatch("error", { message: landing.get("portaria_error") });
        this.#arrived(waiting, await this.#who().catch(() => null), landing.get("portaria_code"));
      }, { signal });
    }

    // The browser offers the accounts that it knows at a provider (FedCM). A person who declines is asked no more here.
    async #oneTap(signal) {
      try {
        const { providers: [offer] } = await ask("/session/one-tap", { credentials: "include" });
        if (!offer) return;
        const { id, configUrl: configURL, clientId, nonce } = offer;
        const identity = { context: "signin", mode: "passive", providers: [{ configURL, clientId, nonce, params: { nonce } }] };
        const credential = await navigator.credentials.get({ identity, mediation: "optional", signal }).catch(() => null);
        if (!credential || signal.aborted) return;
        const body = new URLSearchParams({ provider: id, token: credential.token, return_to: this.#back() });
        const { location: page } = await ask("/session/one-tap", { method: "POST", credentials: "include", body });
        if (page) location.href = page;
        else this.#arrived(null, await this.#who());
      } catch (error) {
        if (!signal.aborted) this.#dispatch("error", { message: error.message });
      }
    }

    #arrived(waiting, session, code) {
      waiting?.abort();
      const focused = this.#root.activeElement;
      if (session) this.session = session;
      if (focused) this.#root.querySelector("div")?.focus();
      this.#dispatch("signed-in", { session, code: code || undefined });
    }
  }
  customElements.get("portaria-login") || customElements.define("portaria-login", PortariaLogin);
})();
