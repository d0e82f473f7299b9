// The types of <portaria-login>, which `/embed.js` of a broker defines. Copy this file into the sources of the storefront; docs/storefront.md
// explains the element.

/** What `GET /session` says of the person who is signed in, with the further claims that the store's settings name. */
export interface PortariaSession {
  authenticated: true;
  email: string;
  emailVerified: boolean;
  name: string | null;
  picture: string | null;
  /** The stable id of the person at this store. */
  uid: string;
  /** The provider by which the person signed in, and the person's id there. */
  provider: string;
  providerUserId: string;
  store: string;
  issuedAt: string;
  expiresAt: string;
  [claim: string]: unknown;
}

export interface PortariaLoginAttributes {
  /** The address to which the shopper returns, absolute or relative to the page. Default: this page. */
  "return-to"?: string;
  /** `popup` opens the login in a window of its own. Default: the login goes from page to page. */
  mode?: "popup";
  /** The ids of the providers and other ways to be shown, apart by blanks or commas. Default: all. */
  providers?: string;
  /** What a signed-in person sees: who they are, nothing, or the buttons (the session is then not asked for). Default: `show`. */
  "signed-in"?: "show" | "hide" | "ignore";
  /** Lets the browser offer the accounts that it knows at a provider (FedCM), on the broker's own site. */
  "one-tap"?: boolean | "";
  /** The language of the words. Default: that of the page around the element, or of the browser. */
  lang?: string;
}

export interface PortariaLoginElement extends HTMLElement {
  /** Who is signed in; `null` if no one is. A page that learns it in another manner may set it. */
  session: Pick<PortariaSession, "name" | "email"> | null;
}

export interface PortariaLoginEvents {
  /** The element has asked who is signed in, after it was put into the page. */
  "portaria-session": CustomEvent<{ session: PortariaSession | null }>;
  /** A person has signed in without leaving the page. `session` is `null` on another site than the broker's; `code` is for `/session/redeem`. */
  "portaria-signed-in": CustomEvent<{ session: PortariaSession | null; code?: string }>;
  /** The window of the login was closed, or left without a sign-in. */
  "portaria-cancelled": CustomEvent<null>;
  /** Something does not work, such as the list of providers; the login page itself is still offered. */
  "portaria-error": CustomEvent<{ message: string }>;
}

declare global {
  interface HTMLElementTagNameMap {
    "portaria-login": PortariaLoginElement;
  }
  // The events bubble, so that they can be heard on the element, the document and the window.
  interface HTMLElementEventMap extends PortariaLoginEvents {}
  interface DocumentEventMap extends PortariaLoginEvents {}
  interface WindowEventMap extends PortariaLoginEvents {}
}

/** What React takes for the element: its attributes, its events with `on` in front, its property, and what every element has. */
export type PortariaLoginProps = PortariaLoginAttributes & {
  [Name in keyof PortariaLoginEvents as `on${Name}`]?: (event: PortariaLoginEvents[Name]) => void;
} & {
  session?: PortariaLoginElement["session"];
  key?: string | number | bigint | null;
  ref?: ((element: PortariaLoginElement | null) => void) | { current: PortariaLoginElement | null } | null;
  id?: string;
  className?: string;
  style?: { [property: string]: string | number | undefined };
  hidden?: boolean;
  slot?: string;
};

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "portaria-login": PortariaLoginProps;
    }
  }
}
