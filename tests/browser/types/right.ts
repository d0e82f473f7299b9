// Every event, attribute and property of the element, used rightly in a page without a framework.
import type { PortariaLoginAttributes, PortariaLoginElement, PortariaLoginEvents, PortariaSession } from "./portaria-login";

const attributes: Required<PortariaLoginAttributes> = {
  "return-to": "/pedidos", mode: "popup", providers: "discord google email", "signed-in": "hide", "one-tap": "", lang: "pt-BR",
};
const element: PortariaLoginElement = document.createElement("portaria-login");
for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
element.session = { name: null, email: "ana@loja.example" };
element.session = null;
const shown: string | null | undefined = element.session && (element.session as PortariaSession).name;

const greet = ({ detail }: PortariaLoginEvents["portaria-session"]) => detail.session?.email ?? "ninguém";
element.addEventListener("portaria-session", greet);
document.addEventListener("portaria-session", ({ detail }) => detail.session?.uid.toUpperCase());
addEventListener("portaria-signed-in", ({ detail: { session, code } }) => {
  const said: [true | undefined, boolean | undefined, string | undefined, string | null | undefined] = [session?.authenticated, session?.emailVerified, code, session?.picture];
  const times = session && [session.issuedAt, session.expiresAt, session.provider, session.providerUserId, session.store];
  const claim: unknown = session?.["cpf"];
  return [said, times, claim];
});
document.querySelector("portaria-login")?.addEventListener("portaria-cancelled", ({ detail }) => { const nothing: null = detail; return nothing; });
window.addEventListener("portaria-error", ({ detail }) => console.warn(detail.message));
export { shown };
