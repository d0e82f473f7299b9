// The same from React.
import { useRef, useState } from "react";
import type { PortariaLoginElement, PortariaLoginEvents, PortariaSession } from "./portaria-login";

export function Account() {
  const [session, setSession] = useState<PortariaSession | null>(null);
  const element = useRef<PortariaLoginElement>(null);
  const keep = ({ detail }: PortariaLoginEvents["portaria-session"] | PortariaLoginEvents["portaria-signed-in"]) => setSession(detail.session);
  return (
    <main>
      <h1>{session ? `Olá, ${session.name ?? session.email}!` : "Entre para continuar"}</h1>
      <portaria-login
        key="login" ref={element} id="login" className="largo" style={{ maxWidth: 400 }} hidden={false} slot="conta"
        return-to="/pedidos" mode="popup" providers="discord" signed-in="show" one-tap lang="pt-BR" session={session}
        onportaria-session={keep} onportaria-signed-in={keep}
        onportaria-cancelled={() => element.current?.focus()} onportaria-error={({ detail }) => console.warn(detail.message)}
      />
    </main>
  );
}
