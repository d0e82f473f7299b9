// The same from React.
import type { PortariaLoginEvents } from "./portaria-login";

const told = (event: PortariaLoginEvents["portaria-error"]) => console.warn(event.detail.message);
// @ts-expect-error
export const window = <portaria-login mode="window" />;
// @ts-expect-error
export const camel = <portaria-login returnTo="/pedidos" />;
// @ts-expect-error
export const handler = <portaria-login onportaria-session={told} />;
// @ts-expect-error
export const child = <portaria-login>Entrar</portaria-login>;
// @ts-expect-error
export const session = <portaria-login session="ana" />;
// @ts-expect-error
export const one = <portaria-login one-tap="yes" />;
