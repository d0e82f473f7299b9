// Wrong uses in a page without a framework; each line below a mark has to be an error.
import type { PortariaLoginAttributes } from "./portaria-login";

const element = document.createElement("portaria-login");
// @ts-expect-error
element.session = "ana@loja.example";
// @ts-expect-error
element.session = { authenticated: false };
// @ts-expect-error
element.token;
// @ts-expect-error
element.addEventListener("portaria-session", ({ detail }) => detail.session.email);
// @ts-expect-error
element.addEventListener("portaria-signed-in", ({ detail }) => detail.token);
// @ts-expect-error
element.addEventListener("portaria-signed-in", ({ detail }) => detail.code.length);
// @ts-expect-error
document.addEventListener("portaria-cancelled", ({ detail }) => detail.session);
// @ts-expect-error
addEventListener("portaria-error", ({ detail }) => detail.code);
// @ts-expect-error
addEventListener("portaria-sesion", ({ detail }) => detail);
// @ts-expect-error
export const window: PortariaLoginAttributes = { mode: "window" };
// @ts-expect-error
export const never: PortariaLoginAttributes = { "signed-in": "never" };
// @ts-expect-error
export const list: PortariaLoginAttributes = { providers: ["discord"] };
// @ts-expect-error
export const camel: PortariaLoginAttributes = { returnTo: "/pedidos" };
